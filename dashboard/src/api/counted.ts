import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { CountedCall } from "@/format/policies";
import { joinCondition, useScope } from "@/state/search";
import { api, dataOf } from "./client";
import { selectionOf } from "./requests";

const COLUMNS = ["id", "start", "key", "user_id", "properties", "limit_policy", "limit_refused", "limit_remaining"];

/** The newest calls that a limit counted, within the page's filter. */
export function useCountedCalls(many = 500) {
  const [scope] = useScope();
  const body = { ...selectionOf({ ...scope, q: joinCondition(scope.q, "limit_policy:*") }), columns: COLUMNS, limit: many };
  return useQuery({
    queryKey: ["counted-calls", body],
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
    queryFn: async ({ signal }) => (await dataOf(api.POST("/api/requests/query", { body, signal }))).data as unknown as CountedCall[],
  });
}
