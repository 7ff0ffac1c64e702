import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Price = components["schemas"]["Price"];
export type BuiltInPrice = components["schemas"]["ListedPrice"];
export type PriceEntry = components["schemas"]["PriceEntry"];
export type Reprice = components["schemas"]["Reprice"];

/** Own prices of the organisation. */
export function usePrices() {
  return useQuery({ queryKey: ["prices"], queryFn: ({ signal }) => dataOf(api.GET("/api/prices", { params: { query: { limit: 200 } }, signal })) });
}

/** Built-in prices that contain the words. */
export function usePriceTable(search: string) {
  return useQuery({
    queryKey: ["price-table", search],
    placeholderData: keepPreviousData,
    staleTime: 3_600_000,
    queryFn: ({ signal }) => dataOf(api.GET("/api/price-table", { params: { query: { search, limit: 100 } }, signal })),
  });
}

/** Runs of re-pricing, newest first; asked again while one goes on. */
export function useReprices() {
  return useQuery({
    queryKey: ["reprices"],
    queryFn: ({ signal }) => dataOf(api.GET("/api/reprice", { params: { query: { limit: 20 } }, signal })),
    refetchInterval: (query) => (query.state.data?.data.some((run) => run.state === "queued" || run.state === "running") ? 1_500 : false),
  });
}

function useChange<T, R>(key: string, change: (asked: T) => Promise<R>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => queries.invalidateQueries({ queryKey: [key] }) });
}

export const usePutPrice = () => useChange("prices", ({ name, entry }: { name: string; entry: PriceEntry }) => dataOf(api.PUT("/api/prices/{name}", { params: { path: { name } }, body: entry })));
export const useDeletePrice = () => useChange("prices", (name: string) => dataOf(api.DELETE("/api/prices/{name}", { params: { path: { name } } })));
export const useReprice = () =>
  useChange("reprices", (asked: { since: string; filter: string; dry_run: boolean }) =>
    dataOf(api.POST("/api/reprice", { body: { since: asked.since, until: "", organisation: "", filter: asked.filter || null, dry_run: asked.dry_run } })),
  );
export const useCancelReprice = () => useChange("reprices", (id: string) => dataOf(api.DELETE("/api/reprice/{id}", { params: { path: { id } } })));
