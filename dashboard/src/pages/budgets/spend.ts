import type { Budget, BudgetSpending } from "@/api/budgets";
import { addCondition } from "@/state/filterText";

/** The explorer's filter for the calls of a budget, or of one value of it. */
export function filterOf({ scope, property, value }: Pick<Budget, "scope" | "property" | "value">, one = value): string {
  if (scope === "organisation") return "";
  const column = scope === "property" ? `property.${property}` : scope;
  return one ? addCondition("", column, one) : `${column}:*`;
}

/** Whose calls count, in words. */
export function scopeWords({ scope, property, value, value_name }: Pick<Budget, "scope" | "property" | "value" | "value_name">): string {
  if (scope === "organisation") return "the whole organisation";
  const what = scope === "property" ? property : scope;
  return value ? `${what} ${value_name || value}` : `each ${what} separately`;
}

export type Tone = "" | "warn" | "bad";

/** Over the limit, or likely to be at the period's end. */
export function toneOf({ share, forecast_share }: Pick<BudgetSpending, "share" | "forecast_share">): Tone {
  return share >= 1 ? "bad" : forecast_share > 1 || share >= 0.8 ? "warn" : "";
}

/** What the whole width of a budget's bar stands for, as a share of the limit: all that is marked on it has room. A forecast far out is cut. */
export function scaleOf(shares: number[], { share, forecast_share }: Pick<BudgetSpending, "share" | "forecast_share">): number {
  const marks = Math.max(100, ...shares) / 100;
  return Math.min(2, Math.max(1, marks, share, forecast_share)) * (Math.max(share, forecast_share, marks) > 1 ? 1.04 : 1);
}

/** How long a period goes on, and how much of it is over. Times in microseconds, `now` in milliseconds. */
export function timeLeft({ since_us, until_us }: Pick<BudgetSpending, "since_us" | "until_us">, now: number): { words: string; passed: number } {
  const left = Math.max(0, until_us / 1000 - now);
  const passed = Math.min(1, Math.max(0, (now - since_us / 1000) / ((until_us - since_us) / 1000)));
  const hours = left / 3_600_000;
  if (hours < 1) return { words: `${Math.max(1, Math.round(left / 60_000))} min left`, passed };
  if (hours < 48) return { words: `${Math.round(hours)} h left`, passed };
  return { words: `${Math.floor(hours / 24)} days left`, passed };
}
