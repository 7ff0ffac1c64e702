import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Sort } from "@/components/DataTable";
import { zoneName } from "@/format/times";
import { useScope, type Scope } from "@/state/search";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Event = components["schemas"]["WholeCall"];

/** A row of the explorer: the columns that it asks for. */
export interface CallRow {
  id: string;
  start: string;
  status: number;
  outcome: string;
  error: string;
  error_message: string;
  provider: string;
  model: string;
  model_asked: string;
  operation: string;
  latency_ms: number | null;
  ttft_ms: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cost: number | null;
  cost_known: boolean;
  cached: boolean;
  user_id: string;
  session_id: string;
  request_name: string;
  properties: Record<string, string>;
  request_preview: string;
  attempt_count: number;
}

const COLUMNS: (keyof CallRow)[] = [
  "id", "start", "status", "outcome", "error", "error_message", "provider", "model", "model_asked", "operation", "latency_ms", "ttft_ms",
  "input_tokens", "output_tokens", "cost", "cost_known", "cached", "user_id", "session_id", "request_name", "properties", "request_preview", "attempt_count",
];

function selection(scope: Scope, sort?: Sort) {
  return {
    filter: scope.q || null,
    since: scope.since,
    until: scope.until,
    zone: zoneName(scope.zone),
    sort: sort ? [{ column: sort.column, direction: sort.direction }] : [],
  };
}

/** The calls of the page's filter and range, page after page. */
export function useRequests(sort: Sort | undefined) {
  const [scope] = useScope();
  const asked = { ...selection(scope, sort), columns: COLUMNS as string[], limit: 200 };
  return useInfiniteQuery({
    queryKey: ["requests", asked],
    initialPageParam: null as string | null,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => dataOf(api.POST("/api/requests/query", { body: { ...asked, cursor: pageParam }, signal })),
    getNextPageParam: (page) => page.next,
    select: ({ pages }) => pages.flatMap((page) => page.data as unknown as CallRow[]),
  });
}

/** How many calls match, and how they are spread over the range. */
export function useRequestCounts() {
  const [scope] = useScope();
  const asked = { ...selection(scope), limit: 0, total: true, histogram: { bucket: "auto" } };
  return useQuery({
    queryKey: ["request-counts", asked],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => dataOf(api.POST("/api/requests/query", { body: asked, signal })),
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
export function useNeighbours(id: string, sort: Sort | undefined) {
  const [scope] = useScope();
  const asked = selection(scope, sort);
  return useQuery({
    queryKey: ["neighbours", id, asked],
    queryFn: ({ signal }) => dataOf(api.POST("/api/requests/{id}/neighbours", { params: { path: { id } }, body: asked, signal })),
  });
}

/** Sizes and types of a call's bodies. */
export function useBodySizes(id: string) {
  return useQuery({
    queryKey: ["body-sizes", id],
    staleTime: 60_000,
    queryFn: ({ signal }) => dataOf(api.GET("/api/requests/{id}/bodies", { params: { path: { id } }, signal })),
  });
}
