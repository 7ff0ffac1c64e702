import { expect, it } from "vitest";
import { arrivalMs, longestGap, type ChunkTimes } from "./timesOf";

const times: ChunkTimes = [[1000, 10], [2000, 25], [9000, 40]];

it("finds the piece in which a byte came", () => {
  expect([1, 10, 11, 25, 40, 41].map((end) => arrivalMs(times, end))).toEqual([1, 1, 2, 2, 9, null]);
  expect(arrivalMs([], 1)).toBeNull();
});

it("finds the longest pause", () => {
  expect(longestGap(times)).toEqual({ ms: 7, atMs: 2 });
  expect(longestGap([[1, 1]])).toBeNull();
});
