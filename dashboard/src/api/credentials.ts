import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Credential = components["schemas"]["Credential"];

/** Stored provider keys: provider and last characters. Admins see them. */
export function useCredentials(enabled = true) {
  return useQuery({ queryKey: ["credentials"], enabled, queryFn: ({ signal }) => dataOf(api.GET("/api/credentials", { signal })) });
}

function useChange<T, R>(change: (asked: T) => Promise<R>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => queries.invalidateQueries({ queryKey: ["credentials"] }) });
}

export const usePutCredential = () => useChange(({ provider, value }: { provider: string; value: string }) => dataOf(api.PUT("/api/credentials/{provider}", { params: { path: { provider } }, body: { value } })));
export const useDeleteCredential = () => useChange((provider: string) => dataOf(api.DELETE("/api/credentials/{provider}", { params: { path: { provider } } })));
