import { useQuery } from "@tanstack/react-query";
import { FILTER_COLUMNS } from "@/state/filterColumns";
import { columnText, valueText } from "@/state/filterText";
import { api, dataOf } from "./client";
import type { components } from "./schema";

type Value = components["schemas"]["Suggestion"];

export interface Suggestion {
  label: string;
  hint: string;
  /** The text that stands in the filter afterwards; it ends with an operator where a value has to follow. */
  insert: string;
}

/** Columns whose values the API can suggest. Of others it would answer with an error. */
const SUGGESTED = new Set([
  ...["user", "user_id", "model", "provider", "session_name", "name", "request_name", "prompt", "prompt_id", "error", "operation", "outcome", "key", "status", "tool"],
  ...["tool_names", "feedback", "property", "score", "failed", "cached", "streamed", "scored", "truncated", "drained", "cost_known"],
]);


function canSuggest(column: string): boolean {
  return SUGGESTED.has(column) || /^(property|score)\../.test(column);
}

/** Values of a column that begin like a text, from what the log holds; those of most calls first. */
export function useValues(column: string, prefix: string, enabled = true) {
  return useQuery({
    queryKey: ["suggest", column, prefix],
    enabled: enabled && canSuggest(column),
    placeholderData: (before: Value[] | undefined, query) => (query?.queryKey[1] === column ? before : undefined),
    staleTime: 30_000,
    // The values of new calls are there a moment after the calls.
    refetchInterval: (query) => (query.state.data?.length === 0 ? 3_000 : false),
    retry: false,
    queryFn: async ({ signal }) => (await dataOf(api.GET("/api/suggest", { params: { query: { column, prefix, limit: 12 } }, signal }))).data,
  });
}

/** Columns and values that may follow what is typed: `word` is the last piece of the filter's text. */
export function useSuggestions(word: string, enabled: boolean): Suggestion[] {
  const sign = word.startsWith("-") ? "-" : "";
  const typed = word.slice(sign.length);
  const found = /^([A-Za-z][\w.]*|(?:property|score)\."(?:[^"\\]|\\.)*")(!=|[:=])(.*)$/.exec(typed);
  const family = /^(property|score)\.([\w-]*)$/.exec(typed);
  const column = found ? found[1]!.replace(/"/g, "") : (family?.[1] ?? "");
  const prefix = found ? found[3]!.replace(/^"/, "") : (family?.[2] ?? "");
  const { data } = useValues(column, prefix, enabled && (found ?? family) !== null);
  const properties = useValues("property", typed, enabled && !found && !family && typed.length > 1);
  if (found || family) {
    return (data ?? []).map(({ value, calls }) => ({
      label: value,
      hint: calls ? `${calls.toLocaleString("en")} calls` : "",
      insert: found ? `${sign}${found[1]}${found[2]}${valueText(value)}` : `${sign}${columnText(`${family![1]}.${value}`)}:`,
    }));
  }
  const start = typed.toLowerCase();
  const fit = FILTER_COLUMNS.filter(({ name, kind }) => kind !== "search" && name.includes(start)).sort((a, b) => Number(b.name.startsWith(start)) - Number(a.name.startsWith(start)));
  const columns = fit.map(({ name, kind, hint }) => ({ label: name, hint, insert: `${sign}${name}${kind === "number" ? (name === "status" ? ":" : ">") : kind === "time" ? ">=" : ":"}` }));
  const families = ["property", "score"].filter((name) => name.startsWith(start)).map((name) => ({ label: `${name}.`, hint: name === "property" ? "a custom property" : "a score by name", insert: `${sign}${name}.` }));
  const named = (properties.data ?? []).map(({ value, calls }) => ({ label: `property.${value}`, hint: `${calls.toLocaleString("en")} calls`, insert: `${sign}${columnText(`property.${value}`)}:` }));
  return [...columns.slice(0, 5), ...named, ...families, ...columns.slice(5)];
}

/** The names of the properties that calls carry, the most frequent first. */
export function usePropertyNames() {
  return useQuery({
    queryKey: ["property names"],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const found = await dataOf(api.GET("/api/suggest", { params: { query: { column: "property", prefix: "", limit: 20 } }, signal }));
      return found.data.map((each) => each.value);
    },
  });
}
