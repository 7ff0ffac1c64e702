import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Key = components["schemas"]["Key"];
export type NewKey = components["schemas"]["NewKey"];

/** API keys, newest first, revoked and expired ones too. Admins see them. */
export function useKeys(enabled = true) {
  return useInfiniteQuery({
    queryKey: ["keys"],
    enabled,
    initialPageParam: "",
    queryFn: ({ signal, pageParam }) => dataOf(api.GET("/api/keys", { params: { query: { limit: 100, after: pageParam } }, signal })),
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

export function useCreateKey() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Partial<NewKey> & { name: string }) => dataOf(api.POST("/api/keys", { body: body as NewKey })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["keys"] }),
  });
}

export function useEditKey() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...body }: { id: string; name?: string; scopes?: string[]; policy?: string }) => dataOf(api.PATCH("/api/keys/{id}", { params: { path: { id } }, body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["keys"] }),
  });
}

export function useRevokeKey() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => dataOf(api.DELETE("/api/keys/{id}", { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["keys"] }),
  });
}
