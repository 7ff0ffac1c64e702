import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Delivery = components["schemas"]["Delivery"];
export type DeliveryState = Delivery["state"];

/** Notifications on their way to channels, newest first. */
export function useDeliveries(channel: string, state: DeliveryState | "") {
  return useInfiniteQuery({
    queryKey: ["deliveries", channel, state],
    initialPageParam: "",
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
    queryFn: ({ signal, pageParam }) => dataOf(api.GET("/api/deliveries", { params: { query: { channel, ...(state ? { state } : {}), after: pageParam, limit: 100 } }, signal })),
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** One delivery with its notification. */
export function useDelivery(id: string) {
  return useQuery({ queryKey: ["deliveries", "one", id], refetchInterval: 5_000, queryFn: ({ signal }) => dataOf(api.GET("/api/deliveries/{id}", { params: { path: { id } }, signal })) });
}

export function useSendAgain() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => dataOf(api.POST("/api/deliveries/{id}/send", { params: { path: { id } } })),
    onSuccess: () => Promise.all(["deliveries", "channels"].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}
