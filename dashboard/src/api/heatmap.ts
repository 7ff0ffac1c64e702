import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { bucketOf, room } from "@/state/buckets";
import { useScope } from "@/state/search";
import { api, dataOf } from "./client";
import { scopeOfQuestion } from "./metrics";
import type { components } from "./schema";

export type Heatmap = components["schemas"]["Heatmap"];

/** How many calls have a value in each bin of a measure, over time. */
export function useHeatmap(measure: string) {
  const [scope] = useScope();
  const question = { ...scopeOfQuestion(scope), measure, bins: 5, bucket: bucketOf(scope, room(48)) };
  return useQuery({
    queryKey: ["heatmap", question],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => dataOf(api.POST("/api/metrics/heatmap", { body: question, signal })),
  });
}
