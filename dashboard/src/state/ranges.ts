import { instantOf, spanOf } from "./buckets";
import type { Scope } from "./search";

/** The ranges that one click chooses: what stands in the URL, and its name. */
export const PRESETS: [since: string, label: string][] = [
  ["15m", "Last 15 minutes"],
  ["1h", "Last hour"],
  ["6h", "Last 6 hours"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
  ["90d", "Last 90 days"],
  ["365d", "Last year"],
];

const DAY = 86_400_000;
const LENGTHS = [DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];

/** The next longer preset; undefined where there is none. */
export function wider(scope: Pick<Scope, "since" | "until">): { since: string; label: string } | undefined {
  const span = spanOf(scope) ?? 0;
  const days = LENGTHS.find((length) => length > span * 1.01);
  const preset = days === undefined ? undefined : PRESETS.find(([since]) => since === (days === DAY ? "24h" : `${days / DAY}d`));
  return preset && { since: preset[0], label: preset[1] };
}

/** The range of the same length before (-1) or after (1) this one. */
export function moved(scope: Pick<Scope, "since" | "until">, direction: -1 | 1, now = Date.now()): Pick<Scope, "since" | "until"> | null {
  const span = spanOf(scope, now);
  if (span === null) return null;
  const end = (scope.until ? instantOf(scope.until, now)! : now) + direction * span;
  if (end >= now) return { since: new Date(now - span).toISOString(), until: "" };
  return { since: new Date(end - span).toISOString(), until: new Date(end).toISOString() };
}

/** Twice as long, around the same middle; not beyond now. */
export function zoomedOut(scope: Pick<Scope, "since" | "until">, now = Date.now()): Pick<Scope, "since" | "until"> | null {
  const span = spanOf(scope, now);
  if (span === null) return null;
  const end = (scope.until ? instantOf(scope.until, now)! : now) + span / 2;
  if (end >= now) return { since: new Date(Math.min(now, end) - 2 * span).toISOString(), until: "" };
  return { since: new Date(end - 2 * span).toISOString(), until: new Date(end).toISOString() };
}

const UNITS: [ms: number, name: string][] = [
  [DAY, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1000, "second"],
];

/** 2 days 3 hours; the two largest units. */
export function describeSpan(ms: number): string {
  const parts: string[] = [];
  let rest = Math.round(ms / 1000) * 1000;
  for (const [unit, name] of UNITS) {
    const many = Math.floor(rest / unit);
    if (many && parts.length < 2) parts.push(`${many} ${name}${many === 1 ? "" : "s"}`);
    rest -= many * unit;
  }
  return parts.join(" ") || "less than a second";
}
