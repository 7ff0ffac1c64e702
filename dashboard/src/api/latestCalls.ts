import { useQuery } from "@tanstack/react-query";
import { zoneName } from "@/format/times";
import { useScope } from "@/state/search";
import { api, dataOf } from "./client";

export interface LatestCall {
  id: string;
  start: string;
  status: number;
  outcome: string;
  model: string;
  user_id: string;
  error_message: string;
  latency_ms: number | null;
}

const COLUMNS: (keyof LatestCall)[] = ["id", "start", "status", "outcome", "model", "user_id", "error_message", "latency_ms"];

/** The newest calls of a filter within the page's time range. */
export function useLatestCalls(filter: string, limit = 12) {
  const [scope] = useScope();
  const asked = { filter, since: scope.since, until: scope.until, zone: zoneName(scope.zone), columns: COLUMNS as string[], limit };
  return useQuery({
    queryKey: ["latest-calls", asked],
    queryFn: async ({ signal }) => (await dataOf(api.POST("/api/requests/query", { body: asked, signal }))).data as unknown as LatestCall[],
  });
}
