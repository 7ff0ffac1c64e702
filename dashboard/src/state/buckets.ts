import { duration } from "@/format/numbers";
import type { Scope } from "./search";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The widths of buckets that the metrics API knows, narrowest first. */
const WIDTHS: [name: string, ms: number][] = [
  ...[1, 5, 10, 15, 30].map((many): [string, number] => [`${many}m`, many * MINUTE]),
  ...[1, 2, 3, 4, 6, 8, 12].map((many): [string, number] => [`${many}h`, many * HOUR]),
  ["1d", DAY],
  ["1w", 7 * DAY],
  ["1mo", 30 * DAY],
  ["3mo", 91 * DAY],
  ["1y", 365 * DAY],
];

const UNITS: Record<string, number> = { s: 1000, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };

/** When a time of the URL is, in milliseconds: an age such as 24h, or a date. Null for other forms, which only the API reads. */
export function instantOf(text: string, now: number): number | null {
  const age = /^(\d+)([smhdw])$/.exec(text);
  if (age) return now - Number(age[1]) * UNITS[age[2]!]!;
  const at = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? null : at;
}

/** The length of a page's time range in milliseconds; null where only the API knows it. */
export function spanOf(scope: Pick<Scope, "since" | "until">, now = Date.now()): number | null {
  const since = instantOf(scope.since, now);
  const until = scope.until ? instantOf(scope.until, now) : now;
  return since === null || until === null || until <= since ? null : until - since;
}

/** How many bars fit in a chart as wide as the page: half as many on a phone. */
export function room(most: number): number {
  return window.innerWidth < 760 ? Math.ceil(most / 2) : most;
}

/** The narrowest bucket that covers a time range with at most `most` of them; "auto" where the range is not known here. */
export function bucketOf(scope: Pick<Scope, "since" | "until">, most: number, now = Date.now()): string {
  const span = spanOf(scope, now);
  if (span === null) return "auto";
  return (WIDTHS.find(([, ms]) => span / ms <= most) ?? WIDTHS[WIDTHS.length - 1]!)[0];
}

const WORDS: Record<string, string> = { m: "min", h: "h", d: "day", w: "week", mo: "month", y: "year" };

/** 15m as "15 min", 1d as "1 day", 3mo as "3 months". */
export function bucketInWords(bucket: string): string {
  const [, times, unit = ""] = /^(\d+)(\D+)$/.exec(bucket) ?? [];
  const word = WORDS[unit];
  return word ? `${times} ${word}${times !== "1" && word.length > 3 ? "s" : ""}` : bucket;
}

/** What the changes are changes against. */
export function comparedWith(scope: Pick<Scope, "since" | "until">): string {
  const span = spanOf(scope);
  const many = (ms: number) => span !== null && span % ms === 0 && span / ms;
  const days = many(DAY);
  const before =
    span === null ? "period" : days === 1 ? "day" : days ? `${days} days` : many(HOUR) === 1 ? "hour" : duration(span).replace(/ 0 \S+$/, "");
  return `compared with the ${before} before`;
}
