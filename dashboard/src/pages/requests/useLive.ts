import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { keyOf, type CallList, type CallQuestion } from "@/api/callPages";
import { rowOfEvent, type CallRow } from "@/api/callRow";
import { useTail, type TailState } from "@/api/tail";
import { TAIL_ROWS, arrive, emptyTail, resume } from "@/state/tailBuffer";

export interface Live {
  state: TailState;
  list: CallList;
  /** Calls that came while the tail was paused. */
  waiting: number;
  /** Shows the calls that wait. */
  show: () => void;
  isFresh: (row: CallRow) => boolean;
}

/** A list with new calls above it, in order of arrival, while `on`. While `paused` they wait. */
export function useLive(list: CallList, question: CallQuestion, on: boolean, paused: boolean): Live {
  const queries = useQueryClient();
  const [tail, setTail] = useState(emptyTail<CallRow>);
  const fresh = useRef(new Set<string>());
  const q = String(question.selection.filter ?? "");
  const key = JSON.stringify(question);
  useEffect(() => setTail(emptyTail), [key, on]);

  /** Reads the first page again; calls that came until then are in it. */
  const readAgain = useCallback(async () => {
    const shown = new Set<string>();
    setTail((now) => {
      for (const row of [...now.shown, ...now.waiting]) shown.add(row.id);
      return now;
    });
    await queries.refetchQueries({ queryKey: keyOf(question, null), exact: true });
    setTail((now) => ({ shown: [...now.waiting, ...now.shown].filter((row) => !shown.has(row.id)), waiting: [], count: 0 }));
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [queries, key]);

  const state = useTail(q, on, {
    onGap: () => void readAgain(),
    onEvents: (events) => {
      const rows = events.map((event) => rowOfEvent(event, question.columns));
      fresh.current = new Set(paused ? [] : rows.map((row) => row.id));
      setTail((now) => arrive(now, rows, paused));
    },
  });
  useEffect(() => {
    if (tail.shown.length > TAIL_ROWS && !paused) void readAgain();
  }, [tail.shown.length, paused, readAgain]);
  const show = useCallback(() => {
    const next = resume(tail);
    if (next) setTail(next);
    else void readAgain();
  }, [tail, readAgain]);
  useEffect(() => {
    if (!paused && tail.count) show();
  }, [paused, tail.count, show]);

  return {
    state,
    waiting: tail.count,
    show,
    isFresh: useCallback((row: CallRow) => fresh.current.has(row.id), []),
    list: on ? withTail(list, tail.shown) : list,
  };
}

/** New calls, then the list without those of them that its first page has already. */
function withTail(list: CallList, shown: CallRow[]): CallList {
  const above = new Set<string>();
  for (let index = 0; index < Math.min(list.count, 250); index++) {
    const id = list.at(index)?.id;
    if (id) above.add(id);
  }
  const rows = shown.filter((row) => !above.has(row.id));
  const { length } = rows;
  if (!length) return list;
  return {
    ...list,
    count: list.count + length,
    at: (index) => (index < length ? rows[index] : list.at(index - length)),
    onView: (first, last) => list.onView(Math.max(0, first - length), Math.max(0, last - length)),
  };
}
