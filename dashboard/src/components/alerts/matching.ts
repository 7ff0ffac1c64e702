/** Which alerts a silence is for. The control plane decides; here it is shown. */
import type { components } from "@/api/schema";

export type Matcher = Required<components["schemas"]["Matcher"]>;

/** Whether all matchers hold for the labels; null where a regular expression is not readable here. */
export function matches(matchers: { label: string; value: string; op?: string }[], labels: Record<string, string>): boolean | null {
  for (const { label, value, op = "=" } of matchers) {
    const found = labels[label] ?? "";
    if (op === "=" || op === "!=") {
      if ((found === value) !== (op === "=")) return false;
      continue;
    }
    let pattern: RegExp;
    try {
      pattern = new RegExp(`^(?:${value})$`, "us");
    } catch {
      return null;
    }
    if (pattern.test(found) !== (op === "=~")) return false;
  }
  return true;
}

/** The labels that matchers see: those of the group, and those of its rule. */
export function labelsOf(group: { labels: Record<string, string>; rule_id: string; rule_name: string; severity: string }, metric = ""): Record<string, string> {
  return { ...group.labels, rule: group.rule_id, rule_name: group.rule_name, severity: group.severity, ...(metric ? { metric } : {}) };
}

/** The matchers for one group of a rule, or for the whole rule. */
export function matchersFor(ruleId: string, labels: Record<string, string> = {}): Matcher[] {
  return [{ label: "rule", op: "=", value: ruleId }, ...Object.entries(labels).map(([label, value]): Matcher => ({ label, op: "=", value }))];
}
