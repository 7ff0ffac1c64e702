import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { zoneName } from "@/format/times";
import { useScope, type Scope } from "@/state/search";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type MetricsQuestion = components["schemas"]["MetricsQuestion"];
export type MetricsAnswer = components["schemas"]["MetricsAnswer"];
export type Group = components["schemas"]["Series"];

/** What of a question the page's scope says. */
export function scopeOfQuestion(scope: Scope): Pick<MetricsQuestion, "filter" | "since" | "until" | "zone"> {
  return { filter: scope.q || null, since: scope.since, until: scope.until, zone: zoneName(scope.zone) };
}

/** Figures from the metrics API for the page's filter and time range, and `more`. Old ones stay until new ones are there.
 * `every` asks again after so many milliseconds. */
export function useMetrics(more: MetricsQuestion, enabled = true, every: number | false = false) {
  const [scope] = useScope();
  const question: MetricsQuestion = { ...scopeOfQuestion(scope), ...more };
  return useQuery({
    queryKey: ["metrics", question],
    enabled,
    refetchInterval: every,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => dataOf(api.POST("/api/metrics", { body: question, signal })),
  });
}

/** A number of `totals` or the like; null where it is absent. */
export function figure(figures: Record<string, number | null> | null | undefined, measure: string): number | null {
  return figures?.[measure] ?? null;
}

/** Seconds since the epoch at which each bucket begins. */
export function bucketTimes(answer: MetricsAnswer): number[] {
  return (answer.buckets ?? []).map((text) => Date.parse(text) / 1000);
}

/** The name of a group for people: its values, or what stands for none. */
export function groupName(group: Group, none = "none"): string {
  if (group.other) return "others";
  return Object.values(group.key)
    .map((value) => (value === null || value === "" ? none : String(value)))
    .join(" · ");
}
