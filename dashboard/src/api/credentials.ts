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

/** Name of a credential: its provider, and behind a slash the resource that it is for. */
export const nameOf = ({ provider, resource }: { provider: string; resource: string }) => (resource ? `${provider}/${resource}` : provider);

const placeOf = (name: string) => {
  const [provider = "", resource = ""] = name.split("/", 2);
  return { provider: provider.trim(), resource: resource.trim() };
};

export const usePutCredential = () =>
  useChange(({ name, value }: { name: string; value: string }) => {
    const { provider, resource } = placeOf(name);
    return dataOf(api.PUT("/api/credentials/{provider}", { params: { path: { provider } }, body: { value, resource } }));
  });

export const useDeleteCredential = () =>
  useChange((name: string) => {
    const { provider, resource } = placeOf(name);
    return dataOf(api.DELETE("/api/credentials/{provider}", { params: { path: { provider }, query: { resource } } }));
  });
