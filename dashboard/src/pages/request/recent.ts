const RECENT_MS = 60_000;

/** Whether something of that time may still be on its way into the log. */
export function isRecent(start: string | number, now = Date.now()): boolean {
  const at = typeof start === "number" ? start : Date.parse(start);
  return now - at < RECENT_MS;
}

/** When a call with this id began: ids are UUIDs of version 7. NaN for others. */
export function startOfId(id: string): number {
  const found = /^([0-9a-f]{8})-([0-9a-f]{4})-7/i.exec(id);
  return found ? parseInt(found[1]! + found[2]!, 16) : NaN;
}
