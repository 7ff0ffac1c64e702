import { useQuery } from "@tanstack/react-query";
import { editable, type Dialect } from "@/chat/convert";
import { isObject, type Json } from "@/chat/json";
import { ApiError, api, dataOf, problemOf } from "./client";
import type { components } from "./schema";

export type Provider = components["schemas"]["PlaygroundProvider"];

const MAX_BODY = 3_500_000;

/** Providers that the playground can call; those with a stored credential first. */
export function useProviders(enabled: boolean) {
  return useQuery({
    queryKey: ["playground-providers"],
    enabled,
    staleTime: 60_000,
    queryFn: async ({ signal }) => (await dataOf(api.GET("/api/playground/providers", { signal }))).data,
  });
}

/** Models that the organisation called lately, by provider, those of most calls first. */
export function useKnownModels(): Map<string, string[]> {
  const asked = { since: "30d", sort: "calls", limit: 200 };
  const models = useQuery({
    queryKey: ["known-models"],
    staleTime: 300_000,
    retry: false,
    queryFn: async ({ signal }) => (await dataOf(api.POST("/api/models/query", { body: asked, signal }))).data,
  });
  const found = new Map<string, string[]>();
  for (const row of models.data ?? []) if (row.model) found.set(row.provider, [...(found.get(row.provider) ?? []), row.model]);
  return found;
}

/** What the log knows of a call of this page. */
export interface LoggedCall {
  cost: number | null;
  cost_missing: string[] | null;
  cached: boolean;
  input_tokens: number | null;
  output_tokens: number | null;
  ttft_ms: number | null;
  latency_ms: number | null;
}

const FIGURES = ["cost", "cost_missing", "cached", "input_tokens", "output_tokens", "ttft_ms", "latency_ms"];
const PATIENCE = 30;

/** A call as the log has it: its cost, tokens and times. It is there about a second after its end; until then null. */
export function useLoggedCall(id: string) {
  return useQuery<LoggedCall | null>({
    queryKey: ["logged-call", id],
    enabled: id !== "",
    staleTime: Infinity,
    refetchInterval: ({ state }) => (state.data || state.dataUpdateCount > PATIENCE ? false : 700),
    queryFn: async ({ signal }) => {
      const body = { filter: `id:${id}`, since: "1h", limit: 1, columns: FIGURES };
      const page = await dataOf(api.POST("/api/requests/query", { body, signal }));
      return (page.data[0] as unknown as LoggedCall | undefined) ?? null;
    },
  });
}

export interface CallSource {
  body: Json;
  dialect: Dialect;
  provider: string;
  model: string;
}

/** The request of a stored call, in a form that can be edited. Fails in words where it has none. */
export function useCallSource(id: string) {
  return useQuery({
    queryKey: ["call-source", id],
    enabled: id !== "",
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }): Promise<CallSource> => {
      const call = await dataOf(api.GET("/api/requests/{id}", { params: { path: { id }, query: { bodies: false } }, signal }));
      if (call.request_size > MAX_BODY) throw new ApiError(413, "This request is too large for the playground", "It can take requests of up to 3.5 MB.");
      const answer = await fetch(`/api/requests/${encodeURIComponent(id)}/bodies/request`, { signal });
      if (answer.status === 404) throw new ApiError(404, "The request of this call is not stored", "The caller asked that it is not, or bodies of its age are deleted.");
      if (!answer.ok) throw await problemOf(answer);
      let body: unknown;
      try {
        body = await answer.json();
      } catch {
        throw new ApiError(422, "The request of this call is no JSON, or not whole in the log", "The playground needs the whole request.");
      }
      if (!isObject(body)) throw new ApiError(422, "The request of this call is no conversation", "The playground sends conversations.");
      return { ...editable(body), provider: call.provider, model: call.model_asked || call.model };
    },
  });
}
