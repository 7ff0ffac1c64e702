import { ABSENT } from "@/format/numbers";
import { addCondition, columnText, joinCondition } from "./filterText";
import type { Scope } from "./search";

/** A value that stands in a table, as the filter grammar knows it. */
export interface CellFilter {
  column: string;
  value: string | number | boolean | null;
  /** Numbers are compared, times bound the range; all else is equal or not. */
  kind?: "number" | "time";
}

export interface CellAction {
  /** The key that does it where the cell is chosen by the keyboard. */
  key: "f" | "x";
  sign: string;
  label: string;
  change: Partial<Scope>;
}

/** What a click at a value can do to the scope. */
export function cellActions({ column, value, kind }: CellFilter, scope: Scope): CellAction[] {
  if (kind === "time" && typeof value === "string") {
    return [
      { key: "f", sign: "↥", label: "Only from this time on", change: { since: value } },
      { key: "x", sign: "↧", label: "Only up to this time", change: { until: justAfter(value) } },
    ];
  }
  if (kind === "number" && typeof value === "number") {
    const join = (sign: string) => ({ q: joinCondition(scope.q, `${columnText(column)}${sign}${value}`) });
    return [
      { key: "f", sign: "≥", label: `Only ${column} ≥ ${value}`, change: join(">=") },
      { key: "x", sign: "≤", label: `Only ${column} ≤ ${value}`, change: join("<=") },
    ];
  }
  const shown = value === null || value === "" ? ABSENT : String(value);
  return [
    { key: "f", sign: "+", label: shown === ABSENT ? `Only calls without ${column}` : `Only ${column} ${shown}`, change: { q: addCondition(scope.q, column, value) } },
    { key: "x", sign: "−", label: shown === ABSENT ? `Only calls with ${column}` : `Exclude ${column} ${shown}`, change: { q: addCondition(scope.q, column, value, true) } },
  ];
}

/** `until` is not included in a range: a millisecond later it is. */
function justAfter(time: string): string {
  return new Date(Date.parse(time) + 1).toISOString();
}
