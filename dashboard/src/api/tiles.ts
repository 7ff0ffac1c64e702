import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { MetricsQuestion } from "./metrics";
import type { components } from "./schema";

export type HeatmapQuestion = components["schemas"]["HeatmapQuestion"];

/** The answer to a tile's question. Old figures stay until new ones are there, but not those of another question. */
export function useTileAnswer(question: MetricsQuestion) {
  return useQuery({
    queryKey: ["tile", question],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => dataOf(api.POST("/api/metrics", { body: question, signal })),
  });
}

export function useTileHeatmap(question: HeatmapQuestion) {
  return useQuery({
    queryKey: ["tile heatmap", question],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => dataOf(api.POST("/api/metrics/heatmap", { body: question, signal })),
  });
}

/** Measures and dimensions that can be asked for. */
export function useMetricsSchema() {
  return useQuery({ queryKey: ["metrics schema"], staleTime: Infinity, queryFn: ({ signal }) => dataOf(api.GET("/api/metrics/schema", { signal })) });
}

/** Names of scores and components of cost that the log has, for a menu. */
export function useScoreNames() {
  return useQuery({
    queryKey: ["score names"],
    staleTime: 60_000,
    queryFn: async ({ signal }) => (await dataOf(api.GET("/api/suggest", { params: { query: { column: "score", prefix: "", limit: 20 } }, signal }))).data.map((each) => each.value),
  });
}
