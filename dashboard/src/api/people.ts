import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";

/** Names of the organisation's members by id; empty while they are on their way. */
export function usePeopleNames(): Map<string, string> {
  const members = useQuery({
    queryKey: ["people-names"],
    staleTime: 300_000,
    retry: false,
    queryFn: async ({ signal }) => (await dataOf(api.GET("/api/members", { params: { query: { limit: 500 } }, signal }))).data,
  });
  return new Map((members.data ?? []).map((member) => [member.user_id, member.name || member.email]));
}
