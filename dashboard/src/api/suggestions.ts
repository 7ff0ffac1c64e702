import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";

export interface Suggestion {
  label: string;
  hint: string;
  /** The text that stands in the filter afterwards; it ends with an operator where a value has to follow. */
  insert: string;
}

const COLUMNS: [name: string, operator: string, hint: string][] = [
  ["status", ">=", "a code, or 4xx"],
  ["model", ":", "as answered"],
  ["user", ":", "Helicone-User-Id"],
  ["session", ":", "Helicone-Session-Id"],
  ["property.", "", "a custom property"],
  ["cost", ">", "US dollars"],
  ["latency", ">", "2s, 300ms"],
  ["ttft", ">", "time to the first token"],
  ["tokens", ">", "input and output"],
  ["error", ":", "kind of error"],
  ["failed", ":", "true or false"],
  ["cached", ":", "true or false"],
  ["provider", ":", ""],
  ["prompt", ":", "managed prompt"],
  ["name", ":", "Helicone-Request-Name"],
  ["tool", ":", "a tool that was called"],
  ["score.", "", "a score by name"],
  ["feedback", ":", "good or bad"],
  ["key", ":", "API key"],
  ["operation", ":", "chat, embeddings, …"],
  ["since", ":", "7d, 2026-01-31"],
];

/** Columns and values that may follow what is typed: `word` is the last piece of the filter's text. */
export function useSuggestions(word: string, enabled: boolean): Suggestion[] {
  const found = /^(-?)([A-Za-z][\w.]*)(!=|[:=])(.*)$/.exec(word);
  const family = /^(-?)(property|score)\.([\w-]*)$/.exec(word);
  const asked = found ? { column: found[2]!, prefix: found[4]!.replace(/^"/, "") } : family ? { column: family[2]!, prefix: family[3]! } : null;
  const answer = useQuery({
    queryKey: ["suggest", asked],
    enabled: enabled && asked !== null,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
    queryFn: ({ signal }) => dataOf(api.GET("/api/suggest", { params: { query: { ...asked!, limit: 12 } }, signal })),
  });
  if (asked) {
    return (answer.data?.data ?? []).map(({ value, calls }) => ({
      label: value,
      hint: `${calls.toLocaleString("en")} calls`,
      insert: found ? `${found[1]}${found[2]}${found[3]}${quoted(value)}` : `${family![1]}${family![2]}.${value}:`,
    }));
  }
  const typed = word.replace(/^-/, "").toLowerCase();
  const sign = word.startsWith("-") ? "-" : "";
  return COLUMNS.filter(([name]) => name.startsWith(typed)).map(([name, operator, hint]) => ({ label: name.replace(/\.$/, ""), hint, insert: `${sign}${name}${operator}` }));
}

function quoted(value: string): string {
  return /^[\w@+/][\w@+./:-]*$/.test(value) ? value : JSON.stringify(value);
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
