/** From the rows of a result to the series of a chart. */

import type { SqlColumn, SqlResult } from "@/api/sql";
import { instantOfCell, isNumeric, isTime, plainType } from "./cells";

/** As a saved query has it. */
export interface ResultChart {
  type: "line" | "bar" | "area";
  x: string;
  y: string[];
  series: string;
}

export interface Drawn {
  /** Times in seconds, or names. */
  x: { times: number[] } | { names: string[] };
  series: { label: string; values: (number | null)[] }[];
  unit: string;
  /** How many series were left out. */
  left: number;
}

/** As many as there are colours. */
const MOST_SERIES = 7;
const MOST_BARS = 50;

/** A first guess: a time, else a name, along x; numbers along y; a text with few values makes the series. Null where nothing can be drawn. */
export function guessChart(result: SqlResult): ResultChart | null {
  const numeric = result.columns.filter((column) => isNumeric(column.type));
  const time = result.columns.find((column) => isTime(column.type));
  const texts = result.columns.filter((column) => isText(column));
  const x = time ?? texts[0] ?? (numeric.length > 1 ? numeric[0] : undefined);
  const y = numeric.find((column) => column !== x && !/(^|_)id$/.test(column.name));
  if (!x || !y || result.rows.length < 2) return null;
  const series = time ? texts.find((column) => distinct(result, column.name) <= 3 * MOST_SERIES) : undefined;
  return { type: time && !series ? "line" : "bar", x: x.name, y: [y.name], series: series?.name ?? "" };
}

/** What a chart shows of a result; a text that says why where it shows nothing. */
export function drawChart(result: SqlResult, chart: ResultChart): Drawn | string {
  const at = (name: string) => result.columns.findIndex((column) => column.name === name);
  const missing = [chart.x, ...chart.y, ...(chart.series ? [chart.series] : [])].filter((name) => at(name) < 0);
  if (missing.length) return `The result has no column ${missing.join(", ")}. Pick columns that it has.`;
  if (!chart.x || !chart.y.length) return "Pick a column for x and one for y.";
  const xAt = at(chart.x);
  const timed = isTime(result.columns[xAt]!.type);
  const keys: string[] = [];
  const places = new Map<string, number>();
  const instants: number[] = [];
  const found = new Map<string, Map<number, number>>();
  for (const row of result.rows) {
    const key = row[xAt] === null || row[xAt] === "" ? "none" : String(row[xAt]);
    const instant = timed ? instantOfCell(row[xAt]) : null;
    if (timed && !instant) continue;
    let place = places.get(key);
    if (place === undefined) {
      place = keys.length;
      places.set(key, place);
      keys.push(key);
      instants.push(instant ? instant.getTime() / 1000 : 0);
    }
    for (const name of chart.y) {
      const of = chart.series ? String(row[at(chart.series)] ?? "none") || "none" : "";
      const label = !of ? name : chart.y.length > 1 ? `${of} · ${name}` : of;
      const value = row[at(name)];
      const number = value === null || value === undefined ? NaN : Number(value);
      if (Number.isNaN(number)) continue;
      const values = found.get(label) ?? new Map<number, number>();
      values.set(place, (values.get(place) ?? 0) + number);
      found.set(label, values);
    }
  }
  if (!found.size) return "None of the rows has a number to draw.";
  const sums = [...found].map(([label, values]) => ({ label, values, sum: [...values.values()].reduce((sum, value) => sum + Math.abs(value), 0) }));
  if (chart.series) sums.sort((one, other) => other.sum - one.sum);
  const order = keys.map((_, index) => index);
  if (timed) order.sort((one, other) => instants[one]! - instants[other]!);
  const shown = timed ? order : order.slice(0, MOST_BARS);
  return {
    x: timed ? { times: shown.map((index) => instants[index]!) } : { names: shown.map((index) => keys[index]!) },
    series: sums.slice(0, MOST_SERIES).map(({ label, values }) => ({ label, values: shown.map((index) => values.get(index) ?? null) })),
    unit: unitOf(chart.y[0]!),
    left: Math.max(0, sums.length - MOST_SERIES) + (timed ? 0 : Math.max(0, order.length - MOST_BARS)),
  };
}

/** The unit of a column by its name. */
export function unitOf(name: string): string {
  if (/nanousd/.test(name)) return "nano-USD";
  if (/(^|_)(cost|usd|saved)(_|$)/.test(name)) return "USD";
  if (/_ms$|^latency|^ttft/.test(name)) return "ms";
  if (/bytes/.test(name)) return "bytes";
  return "";
}

function isText(column: SqlColumn): boolean {
  return /^(String|Enum|Bool|UUID|IPv)/.test(plainType(column.type));
}

function distinct(result: SqlResult, name: string): number {
  const at = result.columns.findIndex((column) => column.name === name);
  return new Set(result.rows.map((row) => row[at])).size;
}

/** The chart of a saved query; null where there is none, or where it is not one. */
export function readChart(value: unknown): ResultChart | null {
  if (typeof value !== "object" || value === null) return null;
  const { type, x, y, series } = value as Record<string, unknown>;
  if (type !== "line" && type !== "bar" && type !== "area") return null;
  return { type, x: typeof x === "string" ? x : "", y: Array.isArray(y) ? y.filter((each) => typeof each === "string") : [], series: typeof series === "string" ? series : "" };
}
