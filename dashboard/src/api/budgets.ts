import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Budget = components["schemas"]["Budget"];
export type BudgetSpending = components["schemas"]["BudgetSpending"];
export type NewBudget = components["schemas"]["NewBudget"];
export type BudgetChange = components["schemas"]["BudgetChange"];

/** Budgets with what is spent of them, oldest first. */
export function useBudgets() {
  return useInfiniteQuery({
    queryKey: ["budgets"],
    initialPageParam: "",
    refetchInterval: 30_000,
    queryFn: ({ signal, pageParam }) => dataOf(api.GET("/api/budgets", { params: { query: { after: pageParam, limit: 50 } }, signal })),
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

function useChange<T, R>(change: (asked: T) => Promise<R>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => queries.invalidateQueries({ queryKey: ["budgets"] }) });
}

export const useCreateBudget = () => useChange((body: NewBudget) => dataOf(api.POST("/api/budgets", { body })));
export const useEditBudget = () => useChange(({ id, ...body }: BudgetChange & { id: string }) => dataOf(api.PATCH("/api/budgets/{id}", { params: { path: { id } }, body })));
export const useDeleteBudget = () => useChange((id: string) => dataOf(api.DELETE("/api/budgets/{id}", { params: { path: { id } } })));
