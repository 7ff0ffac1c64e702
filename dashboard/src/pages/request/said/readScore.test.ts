import { expect, it } from "vitest";
import { readScore } from "./readScore";

it("reads numbers, yes and no, and words", () => {
  expect(["0.8", "0,8", "-1", "yes", "No", "true", " dry ", "1e3", "12 %"].map(readScore)).toEqual([0.8, 0.8, -1, true, false, true, "dry", 1000, "12 %"]);
});
