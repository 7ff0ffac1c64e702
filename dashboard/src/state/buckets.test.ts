import { expect, it } from "vitest";
import { bucketInWords, bucketOf, comparedWith, spanOf } from "./buckets";

const now = Date.parse("2026-03-01T12:00:00Z");

it("buckets are as narrow as fits", () => {
  const names = (since: string, until = "") => [100, 48].map((most) => bucketOf({ since, until }, most, now));
  expect(names("15m")).toEqual(["1m", "1m"]);
  expect(names("24h")).toEqual(["15m", "30m"]);
  expect(names("7d")).toEqual(["2h", "4h"]);
  expect(names("2026-02-28T11:00:00Z", "2026-02-28T12:00:00Z")).toEqual(["1m", "5m"]);
  expect(names("3650d")).toEqual(["3mo", "3mo"]);
});

it("a range that only the API reads is left to it", () => {
  expect(bucketOf({ since: "yesterday", until: "" }, 100, now)).toBe("auto");
  expect(spanOf({ since: "1h", until: "2020-01-01" }, now)).toBeNull();
});

it("says what changes are changes against", () => {
  expect(["24h", "7d", "1h", "15m", "yesterday"].map((since) => comparedWith({ since, until: "" }))).toEqual([
    "compared with the day before",
    "compared with the 7 days before",
    "compared with the hour before",
    "compared with the 15 min before",
    "compared with the period before",
  ]);
});

it("says the width of a bar", () => expect(["1m", "15m", "2h", "1d", "1w", "3mo", "auto"].map(bucketInWords)).toEqual(["1 min", "15 min", "2 h", "1 day", "1 week", "3 months", "auto"]));
