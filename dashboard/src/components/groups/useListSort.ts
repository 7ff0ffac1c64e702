import type { Sort } from "@/components/DataTable";
import { readSort, useScope } from "@/state/search";

/** The order of a list of groups: the URL's where the list has that column, else the list's own. */
export function useListSort(own: string, sorts: string[]): Sort {
  const [scope] = useScope();
  const asked = readSort(scope["sort"]);
  return asked && sorts.includes(asked.column) ? asked : readSort(own)!;
}

const FIGURES = ["calls", "errors", "error_rate", "cost", "avg_cost", "unknown_cost_calls", "input_tokens", "output_tokens", "tokens", "first_seen", "last_seen", "latency_p50", "latency_p95", "latency_p99"];

export const SORTS = {
  sessions: [...FIGURES, "session", "duration_ms"],
  users: [...FIGURES, "user", "sessions"],
  models: [...FIGURES, "model", "provider", "users", "tokens_per_second", "cached_input_tokens", "ttft_p50", "ttft_p95"],
  properties: [...FIGURES, "name", "users", "values"],
  values: [...FIGURES, "value", "users", "sessions"],
  errors: ["error", "provider", "shape", "origin", "calls", "users", "sessions", "first_seen", "last_seen"],
};
