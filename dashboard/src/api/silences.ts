import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Silence = components["schemas"]["Silence"];
export type NewSilence = components["schemas"]["NewSilence"];

/** Silences that hold, that are to come, and that are over. */
export function useSilences() {
  return useQuery({
    queryKey: ["silences"],
    refetchInterval: 30_000,
    queryFn: async ({ signal }) => {
      const found: Silence[] = [];
      let cursor = "";
      do {
        const page = await dataOf(api.GET("/api/silences", { params: { query: { limit: 500, cursor } }, signal }));
        found.push(...page.data);
        cursor = page.next ?? "";
      } while (cursor);
      return found;
    },
  });
}

export function useSilenceChanges() {
  const queries = useQueryClient();
  const again = () => void queries.invalidateQueries({ queryKey: ["silences"] });
  const create = useMutation({ mutationFn: (body: NewSilence) => dataOf(api.POST("/api/silences", { body })), onSuccess: again });
  const edit = useMutation({
    mutationFn: ({ id, ...body }: { id: string; ends_us?: number; comment?: string }) => dataOf(api.PATCH("/api/silences/{id}", { params: { path: { id } }, body })),
    onSuccess: again,
  });
  const remove = useMutation({ mutationFn: (id: string) => api.DELETE("/api/silences/{id}", { params: { path: { id } } }), onSuccess: again });
  return { create, edit, remove };
}
