import { queryOptions, useQuery } from "@tanstack/react-query";
import type { Sort } from "@/components/DataTable";
import { zoneName } from "@/format/times";
import { useScope, type Scope } from "@/state/search";
import { api, ApiError, dataOf } from "./client";
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

/** Whether the log holds any call at all. */
export function useAnyCall(enabled: boolean) {
  return useQuery({
    queryKey: ["any-call"],
    enabled,
    queryFn: async ({ signal }) => (await dataOf(api.GET("/api/requests", { params: { query: { limit: 1 } }, signal }))).data.length > 0,
  });
}

const ARRIVES_MS = 60_000;

/** Whether a call with this id (a UUID of version 7) began so lately that it may not be in the log yet. */
export function isOnItsWay(id: string, now = Date.now()): boolean {
  const found = /^([0-9a-f]{8})-([0-9a-f]{4})-7/i.exec(id);
  const age = found ? now - parseInt(found[1]! + found[2]!, 16) : NaN;
  return age > -ARRIVES_MS && age < ARRIVES_MS;
}

/** How one call is read, for those who read it before it is shown. */
export function requestOptions(id: string) {
  return queryOptions<Event>({
    queryKey: ["request", id],
    staleTime: 60_000,
    queryFn: ({ signal }): Promise<Event> => dataOf(api.GET("/api/requests/{id}", { params: { path: { id }, query: { bodies: false } }, signal })),
  });
}

/** Everything of one call but its bodies. One that just ended may not have arrived: it is looked for again. */
export function useRequest(id: string) {
  return useQuery({
    ...requestOptions(id),
    refetchInterval: ({ state }) => (state.error instanceof ApiError && state.error.status === 404 && isOnItsWay(id) ? 2_000 : false),
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

/** A call of a session, as the page of another call lists it. */
export interface SessionCall {
  id: string;
  status: number;
  outcome: string;
  operation: string;
  request_name: string;
  session_path: string;
  latency_ms: number | null;
}

const DAY_MS = 86_400_000;

/** The calls of a session within a week of `start`, the first one first, at most 200. */
export function useSessionCalls(session: string, start: string) {
  const at = Date.parse(start);
  const body = {
    filter: { column: "session", op: "eq", value: session },
    since: new Date(at - 7 * DAY_MS).toISOString(),
    until: new Date(at + 7 * DAY_MS).toISOString(),
    sort: [{ column: "start", direction: "asc" as const }],
    columns: ["id", "status", "outcome", "operation", "request_name", "session_path", "latency_ms"],
    limit: 200,
  };
  return useQuery({
    queryKey: ["session-calls", body],
    enabled: session !== "",
    staleTime: 60_000,
    queryFn: async ({ signal }) => (await dataOf(api.POST("/api/requests/query", { body, signal }))).data as unknown as SessionCall[],
  });
}
