import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { api, dataOf } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Session = Schemas["Session"];
export type Branch = Schemas["Branch"];
export type SessionCall = Schemas["SessionCall"];
export type SessionOutline = Schemas["SessionOutline"];
export type Mark = Schemas["Mark"];

const PAGE = 200;
const BRANCHES = 3000;

/** What all calls of a session came to, and its scores. */
export function useSession(id: string) {
  return useQuery({ queryKey: ["session", id], enabled: id !== "", queryFn: ({ signal }) => dataOf(api.GET("/api/sessions/one", { params: { query: { id } }, signal })) });
}

/** The tree of a session's paths, of the calls that match. */
export function useSessionTree(id: string, filter: string) {
  return useQuery({
    queryKey: ["session-tree", id, filter],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => dataOf(api.GET("/api/sessions/tree", { params: { query: { id, filter, limit: BRANCHES } }, signal })),
  });
}

/** Where in a session its errors, its slowest and its most expensive call are, and where `call` is. */
export function useSessionOutline(id: string, filter: string, call = "") {
  return useQuery({
    queryKey: ["session-outline", id, filter, call],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => dataOf(api.GET("/api/sessions/outline", { params: { query: { id, filter, call } }, signal })),
  });
}

/** Asks for marks of a session once: the next error, or the place of a call. */
export function useAskOutline(id: string, filter: string) {
  const queries = useQueryClient();
  return useCallback(
    (more: { after?: number; call?: string }): Promise<SessionOutline> =>
      queries.fetchQuery({
        queryKey: ["session-outline", id, filter, more.call ?? "", more.after ?? -1],
        staleTime: 60_000,
        queryFn: ({ signal }) => dataOf(api.GET("/api/sessions/outline", { params: { query: { id, filter, ...more } }, signal })),
      }),
    [queries, id, filter],
  );
}

/** Calls of one path in order of start, or with `below` also of all paths below it. */
export interface CallList {
  path: string;
  below: boolean;
}

/** Calls of a session by their place in a list, read in pages as they are wanted. */
export function useSessionCalls(id: string, filter: string) {
  const queries = useQueryClient();
  const [drawn, setDrawn] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const known = useRef(new Map<string, SessionCall[]>());
  const scope = `${id}\u0000${filter}`;
  const last = useRef(scope);
  if (last.current !== scope) {
    last.current = scope;
    known.current = new Map();
  }
  const load = useCallback(
    async (list: CallList, page: number): Promise<SessionCall[]> => {
      const key = `${list.path}\u0000${list.below}\u0000${page}`;
      const kept = known.current.get(key);
      if (kept) return kept;
      const into = known.current;
      const found = await queries.fetchQuery({
        queryKey: ["session-calls", id, filter, list.path, list.below, page],
        staleTime: 60_000,
        gcTime: 60_000,
        retry: 2,
        queryFn: ({ signal }) => dataOf(api.GET("/api/sessions/calls", { params: { query: { id, filter, path: list.path, below: list.below, limit: PAGE, skip: page * PAGE } }, signal })),
      });
      into.set(key, found.data);
      return found.data;
    },
    [queries, id, filter],
  );
  return useMemo(
    () => ({
      error,
      drawn,
      /** The call at a place, if it is there already. */
      peek: (list: CallList, at: number): SessionCall | undefined => known.current.get(`${list.path}\u0000${list.below}\u0000${Math.floor(at / PAGE)}`)?.[at % PAGE],
      read: async (list: CallList, at: number): Promise<SessionCall | undefined> => (await load(list, Math.floor(at / PAGE)))[at % PAGE],
      /** Reads the pages that hold the places from `from` to `to`. */
      want: (list: CallList, from: number, to: number): void => {
        for (let page = Math.floor(from / PAGE); page <= Math.floor(to / PAGE); page++) {
          if (known.current.has(`${list.path}\u0000${list.below}\u0000${page}`)) continue;
          load(list, page).then(
            () => {
              setError(null);
              setDrawn((before) => before + 1);
            },
            (problem: unknown) => setError(problem),
          );
        }
      },
    }),
    [load, error, drawn],
  );
}
