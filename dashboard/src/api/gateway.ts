import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";

/** Where callers reach the gateway; the usual place until the control plane has said. */
export function useGatewayUrl(): string {
  const status = useQuery({
    queryKey: ["status"],
    staleTime: 10_000,
    retry: false,
    queryFn: ({ signal }) => dataOf(api.GET("/api/status", { signal })),
  });
  return status.data?.gateway.url ?? `${location.protocol}//${location.hostname}:8787`;
}
