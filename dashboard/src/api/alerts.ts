import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Rule } from "@/components/alerts/rule";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type Alert = components["schemas"]["AlertRule"];
export type AlertGroup = components["schemas"]["AlertGroup"];
export type AlertEvent = components["schemas"]["AlertEvent"];
export type Preview = components["schemas"]["Preview"];

const PAGE = 500;
/** States change once a minute; a page that is open follows. */
const EVERY_MS = 10_000;

/** All rules of the organisation with their states. */
export function useAlerts(enabled = true) {
  return useQuery({
    queryKey: ["alerts"],
    enabled,
    refetchInterval: EVERY_MS,
    queryFn: async ({ signal }) => {
      const found: Alert[] = [];
      let cursor = "";
      do {
        const page = await dataOf(api.GET("/api/alerts", { params: { query: { limit: PAGE, cursor } }, signal }));
        found.push(...page.data);
        cursor = page.next ?? "";
      } while (cursor);
      return found;
    },
  });
}

export function useAlert(id: string) {
  return useQuery({
    queryKey: ["alert", id],
    enabled: id !== "",
    refetchInterval: EVERY_MS,
    queryFn: ({ signal }) => dataOf(api.GET("/api/alerts/{id}", { params: { path: { id } }, signal })),
  });
}

/** Groups that are not normal, of all rules or of one: the first 500, and whether there are more. */
export function useAlertGroups(rule = "") {
  return useQuery({
    queryKey: ["alert groups", rule],
    refetchInterval: EVERY_MS,
    queryFn: ({ signal }) => dataOf(api.GET("/api/alerts/states", { params: { query: { rule, limit: PAGE } }, signal })),
  });
}

/** What happened to all rules, or to one, newest first. */
export function useAlertHistory(rule = "") {
  return useInfiniteQuery({
    queryKey: ["alert history", rule],
    refetchInterval: EVERY_MS,
    initialPageParam: "",
    queryFn: ({ signal, pageParam: cursor }) =>
      rule
        ? dataOf(api.GET("/api/alerts/{id}/history", { params: { path: { id: rule }, query: { limit: 100, cursor } }, signal }))
        : dataOf(api.GET("/api/alerts/history", { params: { query: { limit: 100, cursor } }, signal })),
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** What rules can watch, with units. */
export function useAlertMetrics() {
  return useQuery({ queryKey: ["alert metrics"], staleTime: Infinity, queryFn: ({ signal }) => dataOf(api.GET("/api/alerts/metrics", { signal })) });
}

/** The unit of a metric; a family's name stands for all of it. */
export function useUnitOf(): (metric: string) => string {
  const metrics = useAlertMetrics().data ?? [];
  return (metric) => (metrics.find((each) => each.name === metric) ?? metrics.find((each) => each.name.includes("<") && metric.startsWith(each.name.split("<")[0]!)))?.unit ?? "";
}

/** What of a rule its values and firings follow from: other fields do not ask again. */
function measured(rule: Rule): Rule {
  return { ...rule, name: "preview", description: "", channels: [], severity: "warning", enabled: true, on_error: "notify" };
}

/** What a rule would have done. The one before stays until the new one is there. */
export function usePreview(rule: Rule | null, since: string, until = "") {
  const asked = rule && measured(rule);
  return useQuery({
    queryKey: ["alert preview", asked, since, until],
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
    queryFn: ({ signal }) => dataOf(api.POST("/api/alerts/preview", { body: { rule: asked!, since, until: until || "now" }, signal })),
  });
}

/** Makes, changes, deletes and acknowledges; lists and pages are fetched again. */
export function useAlertChanges() {
  const queries = useQueryClient();
  const again = () => {
    for (const key of ["alerts", "alert groups", "alert history"]) void queries.invalidateQueries({ queryKey: [key] });
  };
  const done = (alert: Alert) => {
    queries.setQueryData(["alert", alert.id], alert);
    again();
  };
  const create = useMutation({ mutationFn: (body: Rule) => dataOf(api.POST("/api/alerts", { body })), onSuccess: done });
  const edit = useMutation({
    mutationFn: ({ id, revision, rule }: { id: string; revision: number; rule: Rule }) => dataOf(api.PATCH("/api/alerts/{id}", { params: { path: { id } }, body: { revision, rule } })),
    onSuccess: done,
  });
  const acknowledge = useMutation({ mutationFn: (id: string) => dataOf(api.POST("/api/alerts/{id}/acknowledge", { params: { path: { id } } })), onSuccess: done });
  const remove = useMutation({
    mutationFn: async (id: string) => {
      await api.DELETE("/api/alerts/{id}", { params: { path: { id } } });
      return id;
    },
    onSuccess: (id) => {
      queries.removeQueries({ queryKey: ["alert", id] });
      again();
    },
  });
  return { create, edit, acknowledge, remove };
}
