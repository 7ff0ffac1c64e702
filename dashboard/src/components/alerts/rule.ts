/** Alert rules with all their fields, and what of the explorer a rule's values are of. */
import type { components } from "@/api/schema";
import { addCondition } from "@/state/filterText";

type Written = components["schemas"]["Rule"];

export type Condition = Required<components["schemas"]["Condition"]>;
export type Rule = Required<Omit<Written, "condition">> & { condition: Condition };

export const PLAIN_CONDITION: Condition = { kind: "threshold", op: "above", value: 0, resolve: null, against: "previous", weeks: 4 };

const DEFAULTS: Omit<Rule, "name" | "metric"> = {
  condition: PLAIN_CONDITION,
  filter: "",
  group_by: [],
  window: "5m",
  zone: "UTC",
  for: "0m",
  keep_firing_for: "0m",
  min_samples: 0,
  on_no_data: "show",
  on_error: "notify",
  severity: "warning",
  description: "",
  channels: [],
  notify_by: [],
  update_interval: "5m",
  repeat_interval: "4h",
  enabled: true,
};

/** The rule with the API's defaults in place of what is absent. */
export function wholeRule(written: Written): Rule {
  return { ...DEFAULTS, ...written, condition: { ...PLAIN_CONDITION, ...written.condition } };
}

/** Metrics that are no figure of the log: without a condition, or without filter and groups. */
export const NO_TRAFFIC = "no_traffic";
export const INGEST_LAG = "ingest_lag";

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A duration of a rule in milliseconds; null for `month` and what cannot be read. */
export function durationMs(text: string): number | null {
  const found = /^(\d+)([mhdw])$/.exec(text.trim());
  return found ? Number(found[1]) * UNITS[found[2]!]! : null;
}

/** The calls that the value of a group is of: those of the window that ends at `endMs`, or now. */
export function explorerSearch(rule: Pick<Rule, "filter" | "window">, labels: Record<string, string>, endMs?: number): Record<string, string> {
  let q = rule.filter;
  for (const [column, value] of Object.entries(labels)) q = addCondition(q, column, ofLabel(column, value));
  const long = durationMs(rule.window);
  if (endMs !== undefined) {
    const since = long === null ? firstOfMonth(endMs) : endMs - long;
    return { q, since: new Date(since).toISOString(), until: new Date(endMs).toISOString() };
  }
  return { q, since: long === null ? new Date(firstOfMonth(Date.now())).toISOString() : rule.window };
}

function firstOfMonth(atMs: number): number {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
}

const BOOLEANS = new Set(["cached", "failed", "streamed", "scored", "truncated", "drained", "cost_known"]);

function ofLabel(column: string, value: string): string | number | boolean {
  if (value !== "" && column === "status") return Number(value);
  return BOOLEANS.has(column) && value !== "" ? value === "true" : value;
}
