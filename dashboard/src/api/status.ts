import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Status = components["schemas"]["InstallationStatus"];

/** State of the installation: gateway, log, retention. */
export function useStatus(enabled = true) {
  return useQuery({
    queryKey: ["status"],
    enabled,
    refetchInterval: 15_000,
    staleTime: 10_000,
    retry: false,
    queryFn: ({ signal }) => dataOf(api.GET("/api/status", { signal })),
  });
}

/** The log is behind when calls have been waiting for longer than this; shorter waits are the shipper's own rhythm. */
export const BEHIND_S = 30;
