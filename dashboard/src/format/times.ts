/** Times in the viewer's zone, or in UTC. The log keeps UTC. */

export type Zone = "local" | "utc";

export function zoneName(zone: Zone): string {
  return zone === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

const made = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let found = made.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat("en-GB", { ...options, ...(zone === "utc" ? { timeZone: "UTC" } : {}), hourCycle: "h23" });
    made.set(key, found);
  }
  return found;
}

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
const DAY = { day: "numeric", month: "short" } as const;

export function clock(at: Date, zone: Zone): string {
  return formatter(zone, CLOCK).format(at);
}

/** 10:49:59 today, 26 Nov 10:49:59 on other days. */
export function shortTime(at: Date, zone: Zone, now = new Date()): string {
  const day = formatter(zone, DAY);
  return day.format(at) === day.format(now) ? clock(at, zone) : `${day.format(at)} ${clock(at, zone)}`;
}

/** The whole time with milliseconds and zone, for tooltips. */
export function fullTime(at: Date, zone: Zone): string {
  const text = formatter(zone, { ...CLOCK, day: "numeric", month: "short", year: "numeric" }).format(at);
  return `${text}.${String(at.getUTCMilliseconds()).padStart(3, "0")} ${zone === "utc" ? "UTC" : zoneName(zone)}`;
}

/** When a bar of a chart begins: Fri 27 Nov, 11:30 UTC. */
export function bucketStart(at: Date, zone: Zone): string {
  return `${formatter(zone, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(at)} ${zoneName(zone)}`;
}

/** Both zones, a line each. */
export function bothTimes(at: Date): string {
  return `${fullTime(at, "local")}\n${fullTime(at, "utc")}`;
}

/** A tick of a time axis whose range is `spanMs` long. The day stands where it differs from that of the tick `before`. */
export function tick(at: Date, zone: Zone, spanMs: number, before?: Date): string {
  if (spanMs > 3 * 86_400_000) return formatter(zone, DAY).format(at);
  const time = formatter(zone, { hour: "2-digit", minute: "2-digit", ...(spanMs < 600_000 ? { second: "2-digit" } : {}) }).format(at);
  if (spanMs <= 6 * 3_600_000) return time;
  const day = formatter(zone, { weekday: "short" });
  return before && day.format(before) === day.format(at) ? time : `${day.format(at)} ${time}`;
}

/** 3 s ago, 5 min ago, 2 h ago, 4 d ago. */
export function ago(at: Date, now = new Date()): string {
  return `${about(now.getTime() - at.getTime())} ago`;
}

/** in 3 s, in 5 min, in 2 h, in 4 d. */
export function ahead(at: Date, now = new Date()): string {
  return `in ${about(at.getTime() - now.getTime())}`;
}

function about(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
