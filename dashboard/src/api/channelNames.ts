import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";

/** The organisation's channels, for a menu. */
export function useChannelNames() {
  return useQuery({
    queryKey: ["channel names"],
    staleTime: 10_000,
    retry: false,
    queryFn: async ({ signal }) => (await dataOf(api.GET("/api/channels", { signal }))).data.map(({ id, name, kind, enabled }) => ({ id, name, kind, enabled })),
  });
}
