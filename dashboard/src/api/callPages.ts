import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useReducer, useState } from "react";
import type { CallRow } from "./callRow";
import { api, dataOf } from "./client";
import type { Selection } from "./requests";

export const PAGE_ROWS = 200;
/** Pages around those in view that stay in memory; others are asked for again when they come into view. */
const KEPT = 8;
/** Rows below those in view that are fetched before they come into view, once somebody scrolls. */
const AHEAD = 2 * PAGE_ROWS;

export interface CallList {
  /** Rows that are known to be there, those on their way included. */
  count: number;
  at: (index: number) => CallRow | undefined;
  /** To be called with the first and last row in view. */
  onView: (first: number, last: number) => void;
  /** Whether the end of the list is known: then `count` is the number of calls. */
  ended: boolean;
}

interface Page {
  data: CallRow[];
  next: string | null;
}

/** Cursors of the pages from the first on. They outlive the page that is shown, so that one comes back to the same place. */
interface Chain {
  cursors: (string | null)[];
  rows: number | null;
}

const chains = new Map<string, Chain>();

/** What a list of calls asks for. */
export interface CallQuestion {
  selection: Selection;
  columns: string[];
}

export function keyOf(question: CallQuestion, cursor: string | null): unknown[] {
  return ["call-page", question.selection, question.columns, cursor];
}

function pageQuery({ selection, columns }: CallQuestion, cursor: string | null) {
  return {
    queryKey: keyOf({ selection, columns }, cursor),
    staleTime: Infinity,
    structuralSharing: false as const,
    queryFn: async ({ signal }: { signal: AbortSignal }) => {
      const page = await dataOf(api.POST("/api/requests/query", { body: { ...selection, columns, limit: PAGE_ROWS, cursor }, signal }));
      return { data: page.data as unknown as CallRow[], next: page.next ?? null } satisfies Page;
    },
  };
}

/** The first page of a question: whether there is an answer at all. */
export function useFirstPage(question: CallQuestion) {
  return useQuery(pageQuery(question, null));
}

/** The calls of a question as one list of any length: pages come as they are scrolled to, and go when they are far away. */
export function useCallPages(question: CallQuestion): CallList {
  const queries = useQueryClient();
  const first = useFirstPage(question);
  const [view, setView] = useState<[number, number]>([0, 0]); // pages: the first one in view, the last one that is wanted
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const chain = useMemo(() => chainOf(question.selection, first.data), [question.selection, first.data]);

  const wanted: number[] = [];
  for (let page = Math.max(1, view[0] - 1); page <= view[1] && page < chain.cursors.length; page++) wanted.push(page);
  const answers = useQueries({ queries: wanted.map((page) => pageQuery(question, chain.cursors[page]!)) });
  const pages = new Map<number, Page>(first.data ? [[0, first.data]] : []);
  wanted.forEach((page, at) => {
    const data = answers[at]?.data;
    if (data) pages.set(page, data);
  });

  useEffect(() => {
    const before = chain.cursors.length;
    for (const [page, { data, next }] of pages) {
      if (next === null) chain.rows = page * PAGE_ROWS + data.length;
      else if (chain.cursors.length === page + 1) chain.cursors.push(next);
    }
    if (chain.cursors.length !== before) redraw();
  });
  useEffect(() => {
    const far = new Set(chain.cursors.filter((_, page) => page > 0 && (page < view[0] - KEPT || page > view[1] + KEPT)));
    queries.removeQueries({ queryKey: ["call-page"], type: "inactive", predicate: (query) => far.has(query.queryKey[3] as string) });
  }, [queries, chain, view]);

  const onView = useCallback((from: number, to: number) => {
    const next: [number, number] = [Math.floor(from / PAGE_ROWS), Math.floor((from > 0 ? to + AHEAD : to) / PAGE_ROWS)];
    setView((now) => (now[0] === next[0] && now[1] === next[1] ? now : next));
  }, []);
  return {
    count: countOf(chain, pages),
    at: (index) => pages.get(Math.floor(index / PAGE_ROWS))?.data[index % PAGE_ROWS],
    onView,
    ended: endOf(chain, pages) !== null,
  };
}

/** The chain of a question; a new first page begins a new one, because cursors belong to the first page's moment. */
function chainOf(selection: Selection, first: Page | undefined): Chain {
  const key = JSON.stringify(selection);
  const known = chains.get(key);
  if (known && (!first || known.cursors[1] === (first.next ?? undefined))) return known;
  const made: Chain = { cursors: first?.next ? [null, first.next] : [null], rows: first && !first.next ? first.data.length : null };
  if (first) {
    chains.delete(key);
    chains.set(key, made);
    if (chains.size > 20) chains.delete(chains.keys().next().value!);
  }
  return made;
}

function endOf(chain: Chain, pages: Map<number, Page>): number | null {
  const page = chain.cursors.length - 1;
  const last = pages.get(page);
  if (last) return last.next === null ? page * PAGE_ROWS + last.data.length : null;
  return chain.rows;
}

/** Rows of the known pages; of the last one, while it is on its way, a few to show that something comes. */
function countOf(chain: Chain, pages: Map<number, Page>): number {
  const end = endOf(chain, pages);
  if (end !== null) return end;
  const last = chain.cursors.length - 1;
  return last * PAGE_ROWS + (pages.get(last)?.data.length ?? 12);
}
