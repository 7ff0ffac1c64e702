import { describe, expect, it } from "vitest";
import { packedOf, unpack } from "./base64";
import { findAll, nodesAt } from "./find";
import { Folding } from "./folding";
import { tapeOf } from "./tape";
import { decodeString, keyOf, pathOf, valueOf } from "./values";

describe("tapeOf", () => {
  it("reads what JSON.parse reads", () => {
    for (const text of ['{"a":[1,-2.5e3,true,null,"x\\"y\\\\"],"b":{}}', " [ ] ", '"é\\u00e9"', "12", '{"a":{"b":[[],{}]}}', '[{"":0}]']) {
      expect(valueOf(tapeOf(text))).toEqual(JSON.parse(text));
      expect(tapeOf(text).state).toBe("whole");
    }
  });

  it("refuses what is no JSON, and says where", () => {
    for (const text of ["", "{a:1}", "[1,]", "{'a':1}", "[01]", "tru", "[1 2]", '{"a" 1}', "]", "nul"]) expect(tapeOf(text).state).not.toBe("whole");
    expect(tapeOf("[1] x").state).toBe("bad");
    expect(tapeOf("[1] x").stoppedAt).toBe(4);
  });

  it("shows a text that breaks off as far as it goes", () => {
    const whole = '{"a":[1,{"b":"long text"}],"c":true}';
    for (let end = 1; end < whole.length; end++) expect(["cut", "bad"]).toContain(tapeOf(whole.slice(0, end)).state);
    expect(valueOf(tapeOf('{"a":[1,{"b":"long te'))).toEqual({ a: [1, { b: "long te" }] });
    expect(valueOf(tapeOf('{"b":"tail\\u00'))).toEqual({ b: "tail" });
  });

  it("stands 100,000 levels and a million values", () => {
    const deep = tapeOf("[".repeat(100_000) + "]".repeat(100_000));
    expect(deep.count).toBe(100_000);
    expect(() => valueOf(deep)).not.toThrow();
    expect(() => pathOf(deep, 99_999)).not.toThrow();
    expect(new Folding(deep).count).toBeGreaterThan(1);
    const wide = tapeOf(`[${"0,".repeat(1_000_000)}0]`, 500_000);
    expect([wide.state, wide.count]).toEqual(["full", 500_000]);
    expect(new Folding(wide).count).toBe(500_000);
  });

  it("keeps keys that JavaScript treats apart", () => {
    const value = valueOf(tapeOf('{"__proto__":{"x":1},"constructor":2}')) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});

it("decodes strings, broken ones too", () => {
  expect(decodeString('"a\\n\\"\\\\\\u00e9"')).toBe('a\n"\\é');
  expect(decodeString('"end\\\\"')).toBe("end\\");
  expect(decodeString('"end\\"')).toBe('end"');
  expect(decodeString('"end\\u12')).toBe("end");
});

it("names the way to a value", () => {
  const tape = tapeOf('{"messages":[{"a b":1}]}');
  expect(pathOf(tape, 3)).toBe('messages[0]["a b"]');
  expect(pathOf(tape, 0)).toBe("$");
  expect(keyOf(tape, 3)).toBe("a b");
});

describe("Folding", () => {
  it("opens, folds and reveals", () => {
    const tape = tapeOf(JSON.stringify({ a: { b: { c: [1, 2, 3] } }, d: 4 }));
    const folding = new Folding(tape);
    expect(folding.count).toBe(8);
    folding.setAll(false);
    expect(folding.count).toBe(3);
    expect(folding.reveal(6)).toBe(6);
    folding.toggle(0);
    expect(folding.count).toBe(1);
  });
});

describe("search", () => {
  it("finds in any case, also where JSON writes escapes, and tells the node", () => {
    const text = '{"name":"Caf\\u00e9","b":"CAFÉ \\"x\\""}';
    expect(findAll(text, "café")).toHaveLength(2);
    expect(findAll(text, '"x"')).toHaveLength(1);
    expect(findAll(text, "(")).toHaveLength(0);
    expect(nodesAt(tapeOf(text), findAll(text, "name"))).toEqual([1]);
  });
});

describe("packedOf", () => {
  it("knows base64 from text", () => {
    const png = `iVBORw0KGgo${"AbC1".repeat(200)}`;
    expect(packedOf(png)).toMatchObject({ type: "image/png" });
    expect(packedOf(`data:image/jpeg;base64,${"AbC1".repeat(10)}`)).toMatchObject({ type: "image/jpeg", bytes: 30 });
    for (const text of ["hello", "word ".repeat(100), "a".repeat(1000), "https://example.com/".repeat(30)]) expect(packedOf(text)).toBeNull();
  });

  it("unpacks, and says where it cannot", () => {
    expect([...unpack("data:text/plain;base64,aGk=")!]).toEqual([104, 105]);
    expect(unpack("***")).toBeNull();
  });
});
