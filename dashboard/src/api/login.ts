import { useMutation, useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type SeenLink = components["schemas"]["SeenLink"];

/** Ways to log in beside e-mail and password. */
export function useLoginOptions() {
  return useQuery({ queryKey: ["login-options"], queryFn: ({ signal }) => dataOf(api.GET("/api/login", { signal })), staleTime: Infinity });
}

export function useLogIn() {
  return useMutation({ mutationFn: (body: { email: string; password: string }) => dataOf(api.POST("/api/login", { body: { ...body, organisation: "" } })) });
}

/** What a one-time link is for, without using it. */
export function useSeenLink(token: string) {
  return useQuery({
    queryKey: ["link", token],
    enabled: token !== "",
    retry: false,
    staleTime: Infinity,
    queryFn: () => dataOf(api.POST("/api/links/look", { body: { token } })),
  });
}

export function useUseLink() {
  return useMutation({
    mutationFn: (body: { token: string; email: string; name: string; password: string }) => dataOf(api.POST("/api/links/use", { body })),
  });
}
