import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type History = components["schemas"]["History"];
export type ScoreValue = number | boolean | string | null;

/** What can be said of a call after the fact; each adds to its history. */
export type Saying =
  | { kind: "rating"; rating: boolean | number | null; note?: string }
  | { kind: "correction"; correction: string | null }
  | { kind: "scores"; scores: Record<string, ScoreValue> }
  | { kind: "note"; text: string }
  | { kind: "properties"; properties: Record<string, string | null> };

/** Everything that was said of a call, and what of it is in force. */
export function useAnnotations(id: string) {
  return useQuery({
    queryKey: ["annotations", id],
    queryFn: ({ signal }) => dataOf(api.GET("/api/requests/{id}/annotations", { params: { path: { id } }, signal })),
  });
}

/** Says something of a call; it is shown once it is stored. */
export function useSay(id: string) {
  const queries = useQueryClient();
  const params = { path: { id } };
  return useMutation({
    mutationFn: (said: Saying) => {
      switch (said.kind) {
        case "rating":
          return dataOf(api.POST("/api/requests/{id}/feedback", { params, body: { rating: said.rating, note: said.note ?? "" } }));
        case "correction":
          return dataOf(api.POST("/api/requests/{id}/feedback", { params, body: { correction: said.correction, note: "" } }));
        case "scores":
          return dataOf(api.POST("/api/requests/{id}/scores", { params, body: said.scores }));
        case "note":
          return dataOf(api.POST("/api/requests/{id}/notes", { params, body: { text: said.text } }));
        case "properties":
          return dataOf(api.PUT("/api/requests/{id}/properties", { params, body: said.properties }));
      }
    },
    onSuccess: async (_, said) => {
      await queries.invalidateQueries({ queryKey: ["annotations", id] });
      if (said.kind === "properties") await queries.invalidateQueries({ queryKey: ["request", id] });
    },
  });
}
