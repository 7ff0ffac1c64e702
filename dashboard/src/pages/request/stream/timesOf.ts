/** When the pieces of a stream came: microseconds after the start, and the bytes that were there then. */
export type ChunkTimes = [number, number][];

/** When the byte before `end` was there, in milliseconds; null where no piece reaches so far. */
export function arrivalMs(times: ChunkTimes, end: number): number | null {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]![1] >= end) high = middle;
    else low = middle + 1;
  }
  return low < times.length ? times[low]![0] / 1000 : null;
}

/** The longest time between two pieces, and where it was. Null with fewer than two. */
export function longestGap(times: ChunkTimes): { ms: number; atMs: number } | null {
  let found: { ms: number; atMs: number } | null = null;
  for (let at = 1; at < times.length; at++) {
    const ms = (times[at]![0] - times[at - 1]![0]) / 1000;
    if (!found || ms > found.ms) found = { ms, atMs: times[at - 1]![0] / 1000 };
  }
  return found;
}
