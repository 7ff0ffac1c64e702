import { spanOf } from "./buckets";
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
