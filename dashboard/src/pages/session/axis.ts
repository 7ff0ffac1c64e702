/** The part of a session's time that the waterfall shows, in milliseconds after its start. */
export interface Axis {
  from: number;
  to: number;
}

export interface Bar {
  /** Percent of the axis. */
  left: number;
  width: number;
}

/** Where a bar is on the axis, cut at its ends; null where it is outside. */
export function barOf(start: number, end: number, axis: Axis): Bar | null {
  const length = axis.to - axis.from || 1;
  if (end < axis.from || start > axis.to) return null;
  const left = Math.max(0, ((start - axis.from) / length) * 100);
  const right = Math.min(100, ((Math.max(end, start) - axis.from) / length) * 100);
  return { left, width: right - left };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY,
];

/** Round times on the axis, at most `most`. */
export function ticksOf(axis: Axis, most: number): number[] {
  const length = axis.to - axis.from;
  const step = STEPS.find((each) => length / each <= most) ?? Math.ceil(length / most / DAY) * DAY;
  const ticks: number[] = [];
  for (let at = Math.ceil(axis.from / step) * step; at <= axis.to; at += step) ticks.push(at);
  return ticks;
}

/** A time after the start: 0, 200 ms, 1.5 s, 2:30, 1:05:00, 3 d 4 h. */
export function tickText(ms: number): string {
  if (ms === 0) return "0";
  if (ms < SECOND) return `${ms} ms`;
  if (ms < MINUTE) return `${ms / SECOND} s`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}:${two((ms % MINUTE) / SECOND)}`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}:${two((ms % HOUR) / MINUTE)}:${two((ms % MINUTE) / SECOND)}`;
  const hours = Math.floor((ms % DAY) / HOUR);
  return `${Math.floor(ms / DAY)} d${hours ? ` ${hours} h` : ""}`;
}

/** Above so many calls the axis shows the rows in view, unless the URL says otherwise: a call of a second is no dot then. */
const FOLLOW_ABOVE = 150;

export type AxisMode = "all" | "rows" | "part";

/** Which part of the time the URL asks for: all of it, that of the rows in view, or from one time to another. */
export function axisMode(text: unknown, calls: number): AxisMode {
  if (text === "all" || text === "rows") return text;
  if (typeof text === "string" && PART.test(text)) return "part";
  return calls > FOLLOW_ABOVE ? "rows" : "all";
}

const PART = /^(\d+)-(\d+)$/;

/** The axis that the URL names, `from-to` in milliseconds; the whole session where it has none that fits. */
export function readAxis(text: unknown, length: number): Axis {
  const found = typeof text === "string" ? PART.exec(text) : null;
  const from = Number(found?.[1]);
  const to = Math.min(Number(found?.[2]), length);
  return found && from < to ? { from, to } : { from: 0, to: Math.max(length, 1) };
}

export function writeAxis(axis: Axis): string {
  return `${Math.floor(axis.from)}-${Math.ceil(axis.to)}`;
}

/** From the first to the last of these times, with a little room beside it. */
export function around(times: Axis[]): Axis | null {
  if (!times.length) return null;
  let from = Infinity;
  let to = -Infinity;
  for (const each of times) {
    from = Math.min(from, each.from);
    to = Math.max(to, each.to);
  }
  const room = Math.max(1, (to - from) * 0.02);
  return { from: Math.max(0, Math.floor(from - room)), to: Math.ceil(to + room) };
}
