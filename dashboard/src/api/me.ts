import { useQuery } from "@tanstack/react-query";
import { api, dataOf, setCsrf } from "./client";

/** Who is logged in, and in which organisation. */
export function useMe() {
  return useQuery({
    queryKey: ["me"],
    queryFn: async ({ signal }) => {
      const me = await dataOf(api.GET("/api/me", { signal }));
      setCsrf(me.csrf ?? "");
      return me;
    },
    staleTime: 60_000,
    retry: false,
  });
}
