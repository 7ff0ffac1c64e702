import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, ApiError, dataOf, setCsrf } from "./client";

/** Whether the page was asked for without credentials: nobody is logged in, or a link from another site led here, with
 * which a browser sends no cookie. */
const cameUnknown = document.querySelector<HTMLMetaElement>("meta[name=caller-known]")?.content === "no";

/** How it is read who is logged in; asked before the first page is drawn. */
export const meOptions = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }) => {
    // A first visit would be answered 401, which the browser notes as an error; this question never is.
    if (cameUnknown && !(await dataOf(api.GET("/api/login", { signal }))).entered) throw new ApiError(401, "Nobody is logged in", "");
    const me = await dataOf(api.GET("/api/me", { signal }));
    setCsrf(me.csrf ?? "");
    return me;
  },
  staleTime: 60_000,
  retry: false,
});

/** Who is logged in, and in which organisation. */
export function useMe() {
  return useQuery(meOptions);
}
