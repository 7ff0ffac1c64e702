import { expect, it } from "vitest";
import { sortRows } from "./sortRows";

it("sorts numbers by size and texts by their numbers, null last", () => {
  expect(sortRows([[2], [null], [10]], 0, false)).toEqual([[2], [10], [null]]);
  expect(sortRows([[2], [null], [10]], 0, true)).toEqual([[10], [2], [null]]);
  expect(sortRows([["b10"], ["b9"], ["a"]], 0, false)).toEqual([["a"], ["b9"], ["b10"]]);
});
