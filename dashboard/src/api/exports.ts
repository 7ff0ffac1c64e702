import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type ExportsStatus = components["schemas"]["ExportsStatus"];
export type SinkStatus = components["schemas"]["SinkStatus"];
export type ParquetStatus = components["schemas"]["ParquetStatus"];

/** What is exported where, of the whole installation. */
export function useExports() {
  return useQuery({ queryKey: ["exports"], refetchInterval: 5_000, queryFn: ({ signal }) => dataOf(api.GET("/api/exports/status", { signal })) });
}
