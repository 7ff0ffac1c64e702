import { expect, it } from "vitest";
import type { SqlResult } from "@/api/sql";
import { drawChart, guessChart, unitOf } from "./chartOf";

function result(columns: [string, string][], rows: unknown[][]): SqlResult {
  return { columns: columns.map(([name, type]) => ({ name, type })), rows, row_count: rows.length, rows_read: 1, bytes_read: 1, elapsed_ms: 1 };
}

const DAYS = result(
  [["day", "Date"], ["model", "String"], ["usd", "Nullable(Float64)"]],
  [["2026-11-02", "a", 2], ["2026-11-01", "a", 1], ["2026-11-01", "b", null], ["2026-11-02", "b", 5]],
);

it("guesses time along x and a text as series", () => {
  expect(guessChart(DAYS)).toEqual({ type: "bar", x: "day", y: ["usd"], series: "model" });
  expect(guessChart(result([["model", "String"], ["calls", "UInt64"]], [["a", 1], ["b", 2]]))).toEqual({ type: "bar", x: "model", y: ["calls"], series: "" });
  expect(guessChart(result([["model", "String"]], [["a"], ["b"]]))).toBeNull();
  expect(guessChart(result([["model", "String"], ["calls", "UInt64"]], []))).toBeNull();
});

it("draws series over time in order, the largest first, with gaps", () => {
  const drawn = drawChart(DAYS, { type: "line", x: "day", y: ["usd"], series: "model" });
  expect(drawn).toEqual({
    x: { times: [Date.UTC(2026, 10, 1) / 1000, Date.UTC(2026, 10, 2) / 1000] },
    series: [{ label: "b", values: [null, 5] }, { label: "a", values: [1, 2] }],
    unit: "USD",
    left: 0,
  });
});

it("draws names as they come and sums those that come twice", () => {
  const drawn = drawChart(result([["model", "String"], ["calls", "UInt64"]], [["a", 1], ["", 2], ["a", 3]]), { type: "bar", x: "model", y: ["calls"], series: "" });
  expect(drawn).toMatchObject({ x: { names: ["a", "none"] }, series: [{ label: "calls", values: [4, 2] }] });
});

it("says which column is gone", () => {
  expect(drawChart(DAYS, { type: "line", x: "day", y: ["cost"], series: "" })).toBe("The result has no column cost. Pick columns that it has.");
  expect(drawChart(DAYS, { type: "line", x: "day", y: [], series: "" })).toBe("Pick a column for x and one for y.");
});

it("knows units by names", () => {
  expect(["usd", "cost", "p95_ms", "calls", "cost_nanousd", "request_bytes"].map(unitOf)).toEqual(["USD", "USD", "ms", "", "nano-USD", "bytes"]);
});
