import { expect, it } from "vitest";
import { around, axisMode, barOf, readAxis, tickText, ticksOf, writeAxis } from "./axis";

const AXIS = { from: 1000, to: 2000 };

it("bars are cut at the ends of the axis", () => {
  expect(barOf(1250, 1500, AXIS)).toEqual({ left: 25, width: 25 });
  expect(barOf(0, 1500, AXIS)).toEqual({ left: 0, width: 50 });
  expect(barOf(1500, 9000, AXIS)).toEqual({ left: 50, width: 50 });
  expect(barOf(0, 999, AXIS)).toBeNull();
  expect(barOf(2001, 2002, AXIS)).toBeNull();
  expect(barOf(1500, 1500, AXIS)).toEqual({ left: 50, width: 0 });
});

it("ticks are round and few", () => {
  expect(ticksOf({ from: 0, to: 4321 }, 6)).toEqual([0, 1000, 2000, 3000, 4000]);
  expect(ticksOf({ from: 130_000, to: 190_000 }, 6)).toEqual([130_000, 140_000, 150_000, 160_000, 170_000, 180_000, 190_000]);
  for (const to of [1, 37, 999, 61_000, 5_000_000, 90_000_000, 9e9, 9e11]) expect(ticksOf({ from: 0, to }, 6).length).toBeLessThanOrEqual(7);
});

it("ticks read as times after the start", () => {
  expect([0, 200, 1500, 90_000, 3_900_000, 97_200_000].map(tickText)).toEqual(["0", "200 ms", "1.5 s", "1:30", "1:05:00", "1 d 3 h"]);
});

it("the URL holds the axis", () => {
  expect(readAxis(writeAxis({ from: 10.5, to: 99.5 }), 1000)).toEqual({ from: 10, to: 100 });
  expect(readAxis("50-9999", 100)).toEqual({ from: 50, to: 100 });
  for (const text of [undefined, "", "a-b", "9-3", "500-600"]) expect(readAxis(text, 100)).toEqual({ from: 0, to: 100 });
});

it("a long session shows the rows in view unless the URL says otherwise", () => {
  expect([axisMode("", 10), axisMode("", 1000), axisMode("all", 1000), axisMode("rows", 1), axisMode("5-9", 1000), axisMode("x", 1)]).toEqual(["all", "rows", "all", "rows", "part", "all"]);
});

it("times have room beside them", () => {
  expect(around([{ from: 1000, to: 1500 }, { from: 1100, to: 2000 }])).toEqual({ from: 980, to: 2020 });
  expect(around([{ from: 0, to: 0 }])).toEqual({ from: 0, to: 1 });
  expect(around([])).toBeNull();
});
