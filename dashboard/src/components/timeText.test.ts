import { expect, it } from "vitest";
import { isMoment, toPicker, toUrl } from "./timeText";

it("times, days and ages are read, other texts are not", () => {
  expect(["2h", "7d", "1.5h", "2026-11-26", "2026-11-26 10:00", "2026-11-26T10:00:00Z", "2026-11-26T10:00:00.123+02:00", "now"].every(isMoment)).toBe(true);
  expect(["foo", "", "2026", "10:00", "2026-13-45", "7x"].some(isMoment)).toBe(false);
});

it("the URL has an offset", () => {
  expect(toUrl("2026-11-26 10:00", "utc")).toBe("2026-11-26T10:00:00.000Z");
  expect(toUrl("2026-11-26", "utc")).toBe("2026-11-26T00:00:00.000Z");
  expect(toUrl("2026-11-26T10:00:00+02:00", "utc")).toBe("2026-11-26T08:00:00.000Z");
  expect(toUrl("7D", "utc")).toBe("7d");
  expect(toUrl("2026-11-26 10:00", "local")).toBe(new Date("2026-11-26T10:00:00").toISOString());
});

it("the calendar opens at the time", () => {
  expect(toPicker("2026-11-26T10:00:00Z", "utc")).toBe("2026-11-26T10:00:00");
  expect(toPicker("7d", "utc")).toBe("");
});
