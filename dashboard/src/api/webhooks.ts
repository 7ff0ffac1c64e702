import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Webhook = components["schemas"]["Webhook"];
export type NewWebhook = components["schemas"]["NewWebhook"];
export type WebhookChange = components["schemas"]["WebhookChange"];

/** Which calls go where, oldest first; asked again while the page is open: they go on. */
export function useWebhooks() {
  return useQuery({ queryKey: ["webhooks"], refetchInterval: 5_000, queryFn: async ({ signal }) => (await dataOf(api.GET("/api/webhooks", { signal }))).data });
}

function useChange<T, R>(change: (asked: T) => Promise<R>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => queries.invalidateQueries({ queryKey: ["webhooks"] }) });
}

export const useCreateWebhook = () => useChange((body: NewWebhook) => dataOf(api.POST("/api/webhooks", { body })));
export const useEditWebhook = () => useChange(({ id, ...body }: WebhookChange & { id: string }) => dataOf(api.PATCH("/api/webhooks/{id}", { params: { path: { id } }, body })));
export const useDeleteWebhook = () => useChange((id: string) => dataOf(api.DELETE("/api/webhooks/{id}", { params: { path: { id } } })));
export const useReplayWebhook = () => useChange(({ id, since }: { id: string; since: string }) => dataOf(api.POST("/api/webhooks/{id}/replay", { params: { path: { id } }, body: { since } })));
export const useRotateWebhookSecret = () => useChange((id: string) => dataOf(api.POST("/api/webhooks/{id}/rotate", { params: { path: { id } } })));
export const useTestWebhook = () => useMutation({ mutationFn: (id: string) => dataOf(api.POST("/api/webhooks/{id}/test", { params: { path: { id } } })) });
