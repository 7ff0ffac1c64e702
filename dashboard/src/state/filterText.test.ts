import { describe, expect, it } from "vitest";
import { operatorWord, plainValue, splitConditions, withoutCondition } from "./filterText";
import { addCondition, readSort, writeScope, writeSort } from "./search";

const cut = (text: string) => splitConditions(text).map((each) => each.text);

describe("splitConditions", () => {
  it("cuts at the top level alone", () => {
    expect(cut('status>=400 user:"a b" -cached:true NOT user:x model:(a, b) (x:1 OR y:2) refund')).toEqual([
      "status>=400", 'user:"a b"', "-cached:true", "NOT user:x", "model:(a, b)", "(x:1 OR y:2)", "refund",
    ]);
  });

  it("leaves an OR in one piece", () => expect(cut("a:1 OR b:2")).toEqual(["a:1 OR b:2"]));

  it("survives what is not finished", () => expect(cut('user:"a b')).toEqual(['user:"a b']));
});

it("a condition is shown in words", () => {
  const shown = splitConditions('user:ada -user:bob key:* cost>=1 property.feature:"a b"').map((each) => `${each.column} ${operatorWord(each)} ${plainValue(each)}`.trim());
  expect(shown).toEqual(["user is ada", "user is not bob", "key exists", "cost ≥ 1", "property.feature is a b"]);
});

it("conditions are added and taken out", () => {
  expect(addCondition("", "user", "a b")).toBe('user:"a b"');
  expect(addCondition("cost>1", "cached", true, true)).toBe("cost>1 -cached:true");
  expect(withoutCondition("a:1 b:2", splitConditions("a:1 b:2")[0]!)).toBe("b:2");
});

it("the URL holds what differs from the default", () => {
  expect(writeScope({ q: "", since: "24h", until: "", zone: "local", sort: "-cost" })).toEqual({ sort: "-cost" });
  expect(writeSort(readSort("-cost")!)).toBe("-cost");
});
