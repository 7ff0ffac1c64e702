import { expect, it } from "vitest";
import { tickTexts, valueTicks } from "./scale";

it("ticks are round and reach the highest value", () => {
  expect(valueTicks(0.0551, "USD", 4)).toEqual([0, 0.02, 0.04, 0.06]);
  expect(valueTicks(14.2, "USD", 4)).toEqual([0, 5, 10, 15]);
  expect(valueTicks(6490, "ms", 4)).toEqual([0, 2000, 4000, 6000, 8000]);
  expect(valueTicks(90_000, "ms", 4)).toEqual([0, 30_000, 60_000, 90_000]);
  expect(valueTicks(3, "calls", 4)).toEqual([0, 1, 2, 3]);
  expect(valueTicks(0, "calls", 4)).toEqual([0, 1]);
});

it("ticks have the same digits", () => {
  expect(tickTexts([0, 0.025, 0.05, 0.1], "USD")).toEqual(["$0", "$0.025", "$0.050", "$0.100"]);
  expect(tickTexts([0, 2000, 4000], "ms")).toEqual(["0", "2 s", "4 s"]);
  expect(tickTexts([0, 500, 1000, 1500], "ms")).toEqual(["0", "500 ms", "1.0 s", "1.5 s"]);
  expect(tickTexts([0, 5, 10, 15], "USD")).toEqual(["$0", "$5", "$10", "$15"]);
});
