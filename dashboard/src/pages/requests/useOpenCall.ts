import { useRef } from "react";
import type { CallList } from "@/api/callPages";

/** Rows that are looked through for the open call around where it was last. */
const REACH = 600;

/** Where in the list the open call stands; -1 where that part of the list is not in memory. */
export function useOpenCall(list: CallList, id: string): number {
  const last = useRef(0);
  if (!id) return -1;
  const found = placeOf(list, id, last.current);
  if (found >= 0) last.current = found;
  return found;
}

export function placeOf(list: Pick<CallList, "at" | "count">, id: string, near: number): number {
  for (let step = 0; step <= REACH; step++) {
    for (const index of step ? [near + step, near - step] : [near]) {
      if (index >= 0 && index < list.count && list.at(index)?.id === id) return index;
    }
  }
  return -1;
}
