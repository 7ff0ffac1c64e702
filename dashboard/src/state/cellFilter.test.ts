import { expect, it } from "vitest";
import { cellActions } from "./cellFilter";

const scope = { q: "status>=400", since: "24h", until: "", zone: "local" } as const;
const changes = (...of: Parameters<typeof cellActions>) => cellActions(...of).map((action) => action.change);

it("a text is wanted or excluded", () => {
  expect(changes({ column: "user", value: "ada" }, scope)).toEqual([{ q: "status>=400 user:ada" }, { q: "status>=400 -user:ada" }]);
});

it("an absent value too", () => {
  expect(changes({ column: "user", value: null }, scope)).toEqual([{ q: "status>=400 -user:*" }, { q: "status>=400 user:*" }]);
});

it("a number is compared", () => {
  expect(changes({ column: "latency_ms", value: 12.5, kind: "number" }, scope)).toEqual([{ q: "status>=400 latency_ms>=12.5" }, { q: "status>=400 latency_ms<=12.5" }]);
});

it("a time bounds the range, itself included", () => {
  expect(changes({ column: "start", value: "2026-11-27T10:00:00.000Z", kind: "time" }, scope)).toEqual([
    { since: "2026-11-27T10:00:00.000Z" },
    { until: "2026-11-27T10:00:00.001Z" },
  ]);
});
