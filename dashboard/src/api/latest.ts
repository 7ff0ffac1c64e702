import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";

/** The newest call of the log; asked again every other second while `watching`. Null where the log has none. */
export function useLatestCall(watching: boolean) {
  return useQuery({
    queryKey: ["latest-call"],
    refetchInterval: watching ? 2_000 : false,
    queryFn: async ({ signal }) => {
      const page = await dataOf(api.GET("/api/requests", { params: { query: { limit: 1 } }, signal }));
      return page.data[0] ?? null;
    },
  });
}
