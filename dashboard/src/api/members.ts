import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Member = components["schemas"]["Member"];

/** All members of the organisation. */
export function useMembers() {
  return useQuery({
    queryKey: ["members"],
    queryFn: async ({ signal }) => {
      const members: Member[] = [];
      for (let after: string | null = ""; after !== null; ) {
        const page: components["schemas"]["MemberPage"] = await dataOf(api.GET("/api/members", { params: { query: { limit: 200, after } }, signal }));
        members.push(...page.data);
        after = page.next;
      }
      return members;
    },
  });
}

export function useInvitations(enabled: boolean) {
  return useQuery({ queryKey: ["invitations"], enabled, queryFn: ({ signal }) => dataOf(api.GET("/api/invitations", { signal })) });
}

function useChange<T, R>(change: (asked: T) => Promise<R>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => Promise.all([queries.invalidateQueries({ queryKey: ["members"] }), queries.invalidateQueries({ queryKey: ["invitations"] })]),
  });
}

export const useInvite = () => useChange((body: { email: string; role: string }) => dataOf(api.POST("/api/members", { body })));
export const useWithdraw = () => useChange((id: string) => dataOf(api.DELETE("/api/invitations/{id}", { params: { path: { id } } })));
export const useSetRole = () => useChange(({ user, role }: { user: string; role: string }) => dataOf(api.PATCH("/api/members/{user}", { params: { path: { user } }, body: { role } })));
export const useRemoveMember = () => useChange((user: string) => dataOf(api.DELETE("/api/members/{user}", { params: { path: { user } } })));
export const useResetLink = () => useChange((email: string) => dataOf(api.POST("/api/password-resets", { body: { email } })));
