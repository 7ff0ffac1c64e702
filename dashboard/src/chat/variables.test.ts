import { expect, it } from "vitest";
import { declare, namesIn, valueOf, valuesOf } from "./variables";

it("finds names once, with and without a type", () => {
  expect(namesIn("{{a}} {{ a }} {{hc:b:number}} {{hcp:other:0}} {{not a name}} {{c.d}}")).toEqual(["a", "b", "c.d"]);
});

it("gives values their type", () => {
  expect([valueOf("2.5", "number"), valueOf("two", "number"), valueOf("true", "boolean"), valueOf("2", "string")]).toEqual([2.5, "two", true, "2"]);
  expect(valuesOf([{ name: "a", type: "number" }, { name: "b", type: "string" }], { a: "1", b: "", c: "x" })).toEqual({ a: 1 });
});

it("declares what says something", () => {
  expect(declare([], "a", { default: "3" })).toEqual([{ name: "a", default: "3" }]);
  expect(declare([{ name: "a", default: "3" }], "a", { type: "number" })).toEqual([{ name: "a", type: "number", default: 3 }]);
  expect(declare([{ name: "a", type: "number", default: 3 }], "a", { default: "" })).toEqual([{ name: "a", type: "number" }]);
  expect(declare([{ name: "a", type: "number" }], "a", { type: "string" })).toEqual([]);
});
