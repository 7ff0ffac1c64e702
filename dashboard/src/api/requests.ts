import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Sort } from "@/components/DataTable";
import { zoneName } from "@/format/times";
import { useScope, type Scope } from "@/state/search";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type StoredBodies = components["schemas"]["StoredBodies"];
export type Event = components["schemas"]["WholeCall"];

/** Which calls, in what order: what pages, totals and neighbours have in common. */
export type Selection = components["schemas"]["RequestSelection"];

export function selectionOf(scope: Scope, sort?: Sort): Selection {
  return {
    filter: scope.q || null,
    since: scope.since,
    until: scope.until,
    zone: zoneName(scope.zone),
    sort: sort ? [{ column: sort.column, direction: sort.direction }] : [],
  };
}

/** How many calls match; null where that would take too long. */
export function useTotal(every: number | false) {
  const [scope] = useScope();
  const asked = { ...selectionOf(scope), limit: 0, total: true };
  return useQuery({
    queryKey: ["request-total", asked],
    placeholderData: keepPreviousData,
    refetchInterval: every,
    queryFn: async ({ signal }) => (await dataOf(api.POST("/api/requests/query", { body: asked, signal }))).total ?? null,
  });
}

/** Whether the log holds any call at all. */
export function useAnyCall(enabled: boolean) {
  return useQuery({
    queryKey: ["any-call"],
    enabled,
    queryFn: async ({ signal }) => (await dataOf(api.GET("/api/requests", { params: { query: { limit: 1 } }, signal }))).data.length > 0,
  });
}

/** Everything of one call but its bodies. */
export function useRequest(id: string) {
  return useQuery({
    queryKey: ["request", id],
    staleTime: 60_000,
    queryFn: ({ signal }) => dataOf(api.GET("/api/requests/{id}", { params: { path: { id }, query: { bodies: false } }, signal })),
  });
}

/** The calls before and after one in the list of the page's filter. */
export function useNeighbours(id: string, sort: Sort | undefined, enabled = true) {
  const [scope] = useScope();
  const asked = selectionOf(scope, sort);
  return useQuery({
    queryKey: ["neighbours", id, asked],
    enabled,
    queryFn: ({ signal }) => dataOf(api.POST("/api/requests/{id}/neighbours", { params: { path: { id } }, body: asked, signal })),
  });
}

/** Sizes and types of a call's bodies. Of a call that just ended they are asked for again until they are there. */
export function useBodySizes(id: string, start: string) {
  return useQuery<StoredBodies>({
    queryKey: ["body-sizes", id],
    staleTime: 60_000,
    refetchInterval: ({ state }) => (state.data && !state.data.request && !state.data.response && Date.now() - Date.parse(start) < 60_000 ? 2_000 : false),
    queryFn: ({ signal }) => dataOf(api.GET("/api/requests/{id}/bodies", { params: { path: { id } }, signal })),
  });
}
