import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type OpenLogin = components["schemas"]["OpenLogin"];

/** The own open sessions. */
export function useLogins() {
  return useQuery({ queryKey: ["logins"], queryFn: ({ signal }) => dataOf(api.GET("/api/me/sessions", { signal })) });
}

function useChange<T, R>(change: (asked: T) => Promise<R>, ...touched: string[]) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => Promise.all(touched.map((key) => queries.invalidateQueries({ queryKey: [key] }))) });
}

export const useSetName = () => useChange((name: string) => dataOf(api.PATCH("/api/me", { body: { name } })), "me", "members");
export const useChangePassword = () => useChange((body: { current: string; new: string }) => dataOf(api.POST("/api/me/password", { body })), "logins");
export const useEndLogin = () => useChange((id: string) => dataOf(api.DELETE("/api/me/sessions/{id}", { params: { path: { id } } })), "logins");
export const useEndOthers = () => useChange(() => dataOf(api.DELETE("/api/me/sessions")), "logins");

/** The organisation: name, and the limits of all its calls. */
export function useOrganisation() {
  return useQuery({ queryKey: ["organisation"], queryFn: ({ signal }) => dataOf(api.GET("/api/organisation", { signal })) });
}

export const useEditOrganisation = () => useChange((body: { name?: string; policy?: string }) => dataOf(api.PATCH("/api/organisation", { body })), "organisation", "me");
export const useCreateOrganisation = () => useChange((name: string) => dataOf(api.POST("/api/organisations", { body: { name, policy: "" } })), "me");
