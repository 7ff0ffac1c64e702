/** New calls of a live tail: those that are shown above the list, and those that wait while somebody reads. Bounded. */
export interface TailBuffer<Row> {
  /** Newest first. */
  shown: Row[];
  /** Newest first. */
  waiting: Row[];
  /** Calls that came while paused: more than `waiting` holds where there were too many. */
  count: number;
}

/** Rows of each part; of more, the list is read again from the log, which has them all. */
export const TAIL_ROWS = 200;

export function emptyTail<Row>(): TailBuffer<Row> {
  return { shown: [], waiting: [], count: 0 };
}

/** The buffer after calls came, the newest first. A call that is there already is not added again. */
export function arrive<Row extends { id: string }>(tail: TailBuffer<Row>, rows: Row[], paused: boolean): TailBuffer<Row> {
  const known = new Set([...tail.shown, ...tail.waiting].map((row) => row.id));
  const fresh = rows.filter((row) => !known.has(row.id));
  if (!fresh.length) return tail;
  if (!paused) return { ...tail, shown: [...fresh, ...tail.shown] };
  return { ...tail, waiting: [...fresh, ...tail.waiting].slice(0, TAIL_ROWS), count: tail.count + fresh.length };
}

/** The buffer once reading goes on: null where calls were left out, so that the list has to be read again. */
export function resume<Row>(tail: TailBuffer<Row>): TailBuffer<Row> | null {
  if (tail.count > tail.waiting.length) return null;
  return { shown: [...tail.waiting, ...tail.shown], waiting: [], count: 0 };
}
