/** The rule that is being written: kept in the address, so that a reload or a link has it. */
import { NO_TRAFFIC, PLAIN_CONDITION, wholeRule, type Condition, type Rule } from "@/components/alerts/rule";
import { conditionWords, dimensionWord, metricName } from "@/components/alerts/words";

export const NEW_RULE: Rule = wholeRule({ name: "", metric: "error_rate", condition: { value: 0.1, resolve: 0.05 }, min_samples: 20 });

/** Ways to begin. */
export const STARTS: { label: string; rule: Rule }[] = [
  { label: "Error rate", rule: NEW_RULE },
  { label: "Cost of a user in a day", rule: wholeRule({ name: "", metric: "cost", group_by: ["user"], window: "1d", condition: { value: 1 } }) },
  { label: "Cost of this month", rule: wholeRule({ name: "", metric: "cost", window: "month", condition: { value: 100 } }) },
  { label: "Slower than last week", rule: wholeRule({ name: "", metric: "p95_latency", group_by: ["model"], window: "15m", condition: { kind: "change", value: 100, resolve: 50, against: "last_week" }, for: "5m", min_samples: 20 }) },
  { label: "Not the usual number of requests", rule: wholeRule({ name: "", metric: "calls", window: "1h", condition: { kind: "band", op: "outside", value: 3 } }) },
  { label: "No traffic", rule: wholeRule({ name: "", metric: NO_TRAFFIC, window: "30m" }) },
];

/** What of a rule differs from another, as text for the address; empty where nothing does. */
export function writeDraft(rule: Rule, base: Rule): string {
  const changed = Object.entries(rule).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(base[name as keyof Rule]));
  return changed.length ? JSON.stringify(Object.fromEntries(changed)) : "";
}

/** The rule of an address: what cannot be read of it is left as it was. */
export function readDraft(text: unknown, base: Rule): Rule {
  if (typeof text !== "string" || !text) return base;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return base;
  }
  if (typeof read !== "object" || read === null) return base;
  const kept = Object.entries(read).filter(([name, value]) => name in base && fits(value, base[name as keyof Rule]));
  return { ...base, ...Object.fromEntries(kept), condition: condition((read as { condition?: unknown }).condition, base.condition) };
}

function condition(read: unknown, base: Condition): Condition {
  if (typeof read !== "object" || read === null) return base;
  const kept = Object.entries(read).filter(([name, value]) => name in base && (name === "resolve" ? value === null || typeof value === "number" : fits(value, base[name as keyof Condition])));
  return { ...base, ...Object.fromEntries(kept) } as Condition;
}

function fits(value: unknown, before: unknown): boolean {
  return Array.isArray(before) ? Array.isArray(value) && value.every((each) => typeof each === "string") : typeof value === typeof before;
}

/** With another metric: a condition that it can have. */
export function withMetric(rule: Rule, metric: string, before: string, after: string): Rule {
  if (metric === NO_TRAFFIC) return { ...rule, metric, condition: PLAIN_CONDITION, min_samples: 0, window: rule.window === "month" ? "30m" : rule.window };
  const same = before === after || rule.condition.kind !== "threshold";
  return { ...rule, metric, condition: same ? rule.condition : { ...rule.condition, value: USUAL[after] ?? 100, resolve: null } };
}

const USUAL: Record<string, number> = { ratio: 0.1, USD: 10, ms: 10_000, rating: 0, score: 0.5, s: 300 };

/** The name of a rule that was given none: "Cost above $10 of any user". */
export function nameOf(rule: Rule, unit: string): string {
  if (rule.name.trim()) return rule.name.trim();
  const groups = rule.group_by.map(dimensionWord).join(" and ");
  const words = rule.metric === NO_TRAFFIC ? "" : ` ${conditionWords(rule, unit).replace(/^is /, "").replace(/ \(.*\)$/, "")}`;
  return `${metricName(rule.metric)}${words}${groups ? `, any ${groups}` : ""}`.slice(0, 120);
}

/** How far a preview looks back at first: enough windows to see what is usual. */
export function lookBack(window: string): string {
  if (window === "month" || /^(\d\d+d|\d+w)$/.test(window)) return "30d";
  return /^(\d+d|\d\d+h|[6-9]h)$/.test(window) ? "7d" : "24h";
}
