import type { Rule } from "@/components/alerts/rule";

/** What the parts of the form get. */
export interface PartProps {
  rule: Rule;
  set: (change: Partial<Rule>) => void;
  unit: string;
  /** What the API said of the rule last: of its preview, or when it was saved. */
  error: unknown;
}
