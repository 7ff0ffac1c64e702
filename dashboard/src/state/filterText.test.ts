import { describe, expect, it } from "vitest";
import { addCondition, joinCondition, operatorWord, plainValue, splitConditions, withCondition, withoutCondition } from "./filterText";
import { readSort, writeScope, writeSort } from "./search";

const cut = (text: string) => splitConditions(text).map((each) => each.text);

describe("splitConditions", () => {
  it("cuts at the top level alone", () => {
    expect(cut('status>=400 user:"a b" -cached:true NOT user:x model:(a, b) (x:1 OR y:2) refund')).toEqual([
      "status>=400", 'user:"a b"', "-cached:true", "NOT user:x", "model:(a, b)", "(x:1 OR y:2)", "refund",
    ]);
  });

  it("leaves an OR in one piece", () => expect(cut("a:1 OR b:2")).toEqual(["a:1 OR b:2"]));

  it("survives what is not finished", () => {
    expect(cut('user:"a b')).toEqual(['user:"a b']);
    expect(cut("NOT")).toEqual(["NOT"]);
    expect(cut("a:(1, 2")).toEqual(["a:(1, 2"]);
    expect(cut('x"a\\')).toEqual(['x"a\\']);
  });

  it("knows where each stands", () => {
    const text = '  a:1  AND NOT b:"x y"';
    expect(splitConditions(text).map((each) => text.slice(each.start, each.end))).toEqual(["a:1", 'NOT b:"x y"']);
  });

  it("reads quoted names", () => expect(splitConditions('property."my app":x')[0]).toMatchObject({ column: "property.my app", value: "x" }));
});

it("a condition is shown in words", () => {
  const shown = splitConditions('user:ada -user:bob key:* cost>=1 property.feature:"a b"').map((each) => `${each.column} ${operatorWord(each)} ${plainValue(each)}`.trim());
  expect(shown).toEqual(["user is ada", "user is not bob", "key exists", "cost ≥ 1", "property.feature is a b"]);
});

describe("conditions are added", () => {
  it("with quotes where they are needed", () => {
    expect(addCondition("", "user", "a b")).toBe('user:"a b"');
    expect(addCondition("cost>1", "cached", true, true)).toBe("cost>1 -cached:true");
    expect(addCondition("", "property.my app", 'say "hi"')).toBe('property."my app":"say \\"hi\\""');
    expect(addCondition("", "error", "4xx")).toBe('error:"4xx"');
  });

  it("once, and in place of their opposite", () => {
    expect(addCondition("user:ada", "user", "ada")).toBe("user:ada");
    expect(addCondition("user:ada cost>1", "user", "ada", true)).toBe("-user:ada cost>1");
    expect(addCondition("NOT user:ada", "user", "ada")).toBe("user:ada");
  });

  it("of absent values", () => {
    expect(addCondition("", "user", "")).toBe("-user:*");
    expect(addCondition("", "user", null, true)).toBe("user:*");
  });

  it("beside an OR in brackets", () => {
    expect(joinCondition("a:1 OR b:2", "c:3")).toBe("(a:1 OR b:2) c:3");
    expect(joinCondition("(a:1 OR b:2)", "c:3")).toBe("(a:1 OR b:2) c:3");
    expect(joinCondition("(a:1) OR (b:2)", "c:3")).toBe("((a:1) OR (b:2)) c:3");
  });
});

it("conditions are changed and taken out", () => {
  expect(withoutCondition("a:1 b:2", splitConditions("a:1 b:2")[0]!)).toBe("b:2");
  expect(withoutCondition("a:1 AND b:2", splitConditions("a:1 AND b:2")[0]!)).toBe("b:2");
  expect(withoutCondition("a:1 AND b:2", splitConditions("a:1 AND b:2")[1]!)).toBe("a:1");
  expect(withCondition("a:1 b:2 a:1", splitConditions("a:1 b:2 a:1")[2]!, "c:3")).toBe("a:1 b:2 c:3");
});

it("the URL holds what differs from the default", () => {
  expect(writeScope({ q: "", since: "24h", until: "", zone: "local", sort: "-cost" })).toEqual({ sort: "-cost" });
  expect(writeSort(readSort("-cost")!)).toBe("-cost");
});
