import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, dataOf } from "@/api/client";
import { useAskOutline, useSessionCalls, type Branch, type Mark, type SessionCall } from "@/api/sessions";
import { useScope } from "@/state/search";
import { allPaths, flatSegments, pathsAbove, rowCount, rowOfCall, segmentAt, segmentsOf, withChildren, type Segment } from "./rowsOf";

/** Above so many calls a tree begins with its branches folded. */
const FOLD_ABOVE = 1000;

export interface Row {
  segment: Segment;
  /** Its place among the calls of its segment. */
  at: number;
  call: SessionCall | undefined;
}

/** The rows of a session: the tree or all calls in order of time, what is folded, and the row that the keys are at. */
export function useWaterfall(id: string, tree: Branch, scrollTo: (row: number) => void) {
  const [scope, setScope] = useScope();
  const flat = scope["view"] === "time";
  const calls = useSessionCalls(id, scope.q);
  const askOutline = useAskOutline(id, scope.q);
  const queries = useQueryClient();
  const [extra, setExtra] = useState<{ path: string; children: Branch[] }[]>([]);
  const root = useMemo(() => extra.reduce<Branch>((whole, each) => withChildren(whole, each.path, each.children), tree), [tree, extra]);
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => new Set(tree.calls > FOLD_ABOVE ? allPaths(tree) : []));
  const [cursor, setCursor] = useState(-1);
  const lastError = useRef(-1);
  const segments = useMemo(() => (flat ? flatSegments(root.calls) : segmentsOf(root, folded)), [flat, root, folded]);
  const count = rowCount(segments);
  useEffect(() => {
    setExtra([]);
    lastError.current = -1;
  }, [tree]);
  useEffect(() => setCursor((before) => Math.min(before, count - 1)), [count]);

  const rowAt = (row: number): Row | undefined => {
    const segment = segmentAt(segments, row);
    if (!segment) return undefined;
    const at = row - segment.first;
    return { segment, at, call: segment.kind === "calls" ? calls.peek(segment, at) : undefined };
  };
  /** The first and the last row in view: their calls are read. */
  const want = (from: number, to: number) => {
    for (const segment of segments) {
      if (segment.kind !== "calls" || segment.first > to || segment.first + segment.count <= from) continue;
      calls.want(segment, Math.max(0, from - segment.first), Math.min(segment.count - 1, to - segment.first));
    }
  };
  const go = (row: number) => {
    setCursor(row);
    scrollTo(row);
  };
  const open = (call: string) => setScope({ call }, true);
  const toggle = useCallback((path: string) => {
    setFolded((before) => {
      const after = new Set(before);
      if (!after.delete(path)) after.add(path);
      return after;
    });
  }, []);
  /** Goes to a call, and unfolds what it is in. */
  const jump = (mark: Mark) => {
    if (flat) return go(mark.position);
    const opened = new Set(folded);
    for (const path of pathsAbove(mark.path)) opened.delete(path);
    const row = rowOfCall(segmentsOf(root, opened), mark.path, mark.own_position);
    if (row < 0) {
      setScope({ view: "time" }, true);
      return go(mark.position);
    }
    setFolded(opened);
    go(row);
  };
  return {
    segments,
    count,
    cursor,
    error: calls.error,
    /** Grows with every page of calls that came. */
    drawn: calls.drawn,
    flat,
    rowAt,
    want,
    go,
    setCursor,
    toggle,
    jump,
    openCall: open,
    foldAll: () => setFolded(new Set(allPaths(root))),
    unfoldAll: () => setFolded(new Set()),
    anyFolded: folded.size > 0,
    /** Goes to the next failed call in order of time; after the last one to the first. */
    nextError: async () => {
      const found = await askOutline({ after: lastError.current });
      const mark = found.next_error ?? found.first_error;
      if (!mark) return;
      lastError.current = mark.position;
      jump(mark);
    },
    /** Goes to the place of a call that is known by its id alone. */
    find: async (call: string) => {
      const found = await askOutline({ call });
      if (found.asked) jump(found.asked);
    },
    /** Opens the next call below (1) or above (-1) the cursor. */
    step: async (by: 1 | -1) => {
      for (let row = cursor + by; row >= 0 && row < count; row += by) {
        const segment = segmentAt(segments, row);
        if (segment?.kind !== "calls") continue;
        const call = await calls.read(segment, row - segment.first);
        if (!call) return;
        go(row);
        return open(call.id);
      }
    },
    /** Reads the branches that the answer left out. */
    more: async (path: string, skip: number) => {
      const part = await queries.fetchQuery({
        queryKey: ["session-branches", id, scope.q, path, skip],
        queryFn: ({ signal }) => dataOf(api.GET("/api/sessions/tree", { params: { query: { id, filter: scope.q, path, skip, limit: 3000 } }, signal })),
      });
      setExtra((before) => [...before, { path, children: part.children }]);
    },
    branchCount: (path: string): number => branchAt(root, path)?.children.length ?? 0,
  };
}

export type Waterfall = ReturnType<typeof useWaterfall>;

function branchAt(root: Branch, path: string): Branch | undefined {
  let found: Branch | undefined = root;
  for (const part of pathsAbove(path)) found = found?.children.find((child) => child.path === part);
  return found;
}
