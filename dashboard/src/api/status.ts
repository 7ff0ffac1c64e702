import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Status = components["schemas"]["InstallationStatus"];

/** State of the installation: gateway, log, retention. */
export function useStatus(enabled = true) {
  return useQuery<Status>({
    queryKey: ["status"],
    enabled,
    refetchInterval: (query) => (query.state.data && isWell(query.state.data) ? 15_000 : 3_000),
    staleTime: 2_000,
    retry: false,
    queryFn: ({ signal }) => dataOf(api.GET("/api/status", { signal })),
  });
}

/** The log is behind when calls have been waiting for longer than this; shorter waits are the shipper's own rhythm. */
export const BEHIND_S = 30;

/** Whether there is nothing to say of a state. */
export function isWell({ gateway, log }: Status): boolean {
  return !gateway.problem && log.ready && log.behind_s <= BEHIND_S;
}
