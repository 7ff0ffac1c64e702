import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { standingsOf, type CountedCall } from "@/format/policies";
import { joinCondition, useScope } from "@/state/search";
import { api, dataOf } from "./client";
import { selectionOf } from "./requests";

const COLUMNS = ["id", "start", "key", "user_id", "properties", "limit_policy", "limit_refused", "limit_remaining"];
const NEWEST = 500;

/** How far each limit is used now, for each whom it counts apart: what the newest calls of the page's filter left.
 * The refused ones are asked for apart, so that many others do not hide them. */
export function useStandings() {
  const [scope] = useScope();
  const now = { ...scope, since: scope.until ? "24h" : scope.since, until: "" };
  const [counted, refused] = ["limit_policy:*", "limit_refused:*"].map((condition) => ({ ...selectionOf({ ...now, q: joinCondition(scope.q, condition) }), columns: COLUMNS, limit: NEWEST }));
  return useQuery({
    queryKey: ["standings", counted],
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
    queryFn: async ({ signal }) => {
      const answers = await Promise.all([counted!, refused!].map((body) => dataOf(api.POST("/api/requests/query", { body, signal }))));
      const calls = answers.flatMap((answer) => answer.data as unknown as CountedCall[]);
      return standingsOf(calls.sort((one, other) => other.start.localeCompare(one.start)), Date.now());
    },
  });
}
