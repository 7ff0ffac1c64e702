import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useScope } from "@/state/search";
import { api, dataOf } from "./client";
import { scopeOfQuestion } from "./metrics";
import type { components } from "./schema";

export type Prompt = components["schemas"]["Prompt"];
export type Version = components["schemas"]["Version"];
export type VersionRow = components["schemas"]["PromptVersionRow"];
export type Json = Record<string, unknown>;

const PAGE = 500;

/** All managed prompts of the organisation, by id. */
export function usePrompts(archived: boolean) {
  return useQuery({
    queryKey: ["prompts", archived],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const found: Prompt[] = [];
      for (let after: string | null = ""; after !== null; ) {
        const page: components["schemas"]["PromptPage"] = await dataOf(
          api.GET("/api/prompts", { params: { query: { limit: PAGE, archived, ...(after ? { cursor: after } : {}) } }, signal }),
        );
        found.push(...page.data);
        after = page.next;
      }
      return found;
    },
  });
}

/** Figures of each version that was called, from the log, for the page's filter and time range; of one prompt with `id`. */
export function useVersionFigures(id = "") {
  const [scope] = useScope();
  const { filter, ...range } = scopeOfQuestion(scope);
  const q = [filter, id && `prompt:${JSON.stringify(id)}`].filter(Boolean).join(" ");
  const asked = { ...range, filter: q || null, limit: PAGE };
  return useQuery({
    queryKey: ["prompt-versions", asked],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await dataOf(api.POST("/api/prompt-versions/query", { body: asked, signal }))).data,
  });
}

export function usePrompt(id: string) {
  return useQuery({
    queryKey: ["prompt", id],
    enabled: id !== "",
    queryFn: ({ signal }) => dataOf(api.GET("/api/prompts/{id}", { params: { path: { id } }, signal })),
  });
}

/** The versions of a prompt with their bodies, newest first. */
export function useVersions(id: string) {
  return useQuery({
    queryKey: ["prompt", id, "versions"],
    enabled: id !== "",
    queryFn: async ({ signal }) => {
      const found: Version[] = [];
      for (let before: number | null = 0; before !== null; ) {
        const page: components["schemas"]["VersionPage"] = await dataOf(
          api.GET("/api/prompts/{id}/versions", { params: { path: { id }, query: { limit: PAGE, ...(before ? { cursor: before } : {}) } }, signal }),
        );
        found.push(...page.data);
        before = page.next;
      }
      return found;
    },
  });
}

/** What changes prompts; lists and pages that show them are fetched again afterwards. */
export function usePromptChanges() {
  const queries = useQueryClient();
  const onSuccess = () => {
    void queries.invalidateQueries({ queryKey: ["prompts"] });
    void queries.invalidateQueries({ queryKey: ["prompt"] });
  };
  const create = useMutation({
    mutationFn: (body: components["schemas"]["NewPrompt"]) => dataOf(api.POST("/api/prompts", { body })),
    onSuccess,
  });
  const save = useMutation({
    mutationFn: ({ id, ...body }: { id: string } & components["schemas"]["NewVersion"]) =>
      dataOf(api.POST("/api/prompts/{id}/versions", { params: { path: { id } }, body })),
    onSettled: onSuccess, // a conflict says that there is something new as well
  });
  const setEnvironment = useMutation({
    mutationFn: ({ id, label, version }: { id: string; label: string; version: number }) =>
      dataOf(api.PUT("/api/prompts/{id}/environments/{label}", { params: { path: { id, label } }, body: { version } })),
    onSuccess,
  });
  const removeEnvironment = useMutation({
    mutationFn: ({ id, label }: { id: string; label: string }) => dataOf(api.DELETE("/api/prompts/{id}/environments/{label}", { params: { path: { id, label } } })),
    onSuccess,
  });
  const archive = useMutation({
    mutationFn: ({ id, archived }: { id: string; archived: boolean }) =>
      dataOf(
        archived ? api.POST("/api/prompts/{id}/archive", { params: { path: { id } } }) : api.POST("/api/prompts/{id}/restore", { params: { path: { id } } }),
      ),
    onSuccess,
  });
  return { create, save, setEnvironment, removeEnvironment, archive };
}

/** A draft filled in by the control plane with the gateway's own code, and the variables that it uses. */
export function useRendered(draft: { body: Json; variables: Json[]; values: Json } | null) {
  return useQuery({
    queryKey: ["render", draft],
    enabled: draft !== null,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    retry: false,
    queryFn: ({ signal }) => dataOf(api.POST("/api/prompts/render", { body: draft!, signal })),
  });
}

/** Names of scores that calls were given lately, at most eight. */
export function useScoreNames(): string[] {
  const found = useQuery({
    queryKey: ["suggest", "score"],
    staleTime: 60_000,
    retry: false,
    queryFn: ({ signal }) => dataOf(api.GET("/api/suggest", { params: { query: { column: "score", limit: 8 } }, signal })),
  });
  return (found.data?.data ?? []).map((each) => each.value);
}
