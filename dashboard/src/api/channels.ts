import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Channel = components["schemas"]["Channel"];
export type ChannelKind = components["schemas"]["Form"];
export type FormField = components["schemas"]["FormField"];
export type TestAnswer = components["schemas"]["ChannelTest"];
export type ChannelConfig = Record<string, unknown>;

/** Where notifications go, oldest first; asked again while the page is open: deliveries go on. */
export function useChannels() {
  return useQuery({ queryKey: ["channels"], refetchInterval: 10_000, queryFn: async ({ signal }) => (await dataOf(api.GET("/api/channels", { signal }))).data });
}

/** Kinds of channels with their forms, in the order in which to offer them. */
export function useChannelKinds() {
  return useQuery({ queryKey: ["channel kinds"], staleTime: 3_600_000, queryFn: async ({ signal }) => (await dataOf(api.GET("/api/channels/kinds", { signal }))).data });
}

function useChange<T, R>(change: (asked: T) => Promise<R>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => Promise.all(["channels", "channel names", "deliveries"].map((key) => queries.invalidateQueries({ queryKey: [key] }))) });
}

export const useCreateChannel = () => useChange((body: { kind: string; name: string; config: ChannelConfig }) => dataOf(api.POST("/api/channels", { body })));
export const useEditChannel = () =>
  useChange(({ id, ...body }: { id: string; name?: string; config?: ChannelConfig; enabled?: boolean }) => dataOf(api.PATCH("/api/channels/{id}", { params: { path: { id } }, body })));
export const useDeleteChannel = () => useChange((id: string) => dataOf(api.DELETE("/api/channels/{id}", { params: { path: { id } } })));
export const useTestChannel = () => useMutation({ mutationFn: (id: string) => dataOf(api.POST("/api/channels/{id}/test", { params: { path: { id } } })) });
export const useRotateChannelSecret = () => useChange((id: string) => dataOf(api.POST("/api/channels/{id}/rotate", { params: { path: { id } } })));
export const useSendDead = () => useChange((id: string) => dataOf(api.POST("/api/channels/{id}/send-dead", { params: { path: { id } } })));
