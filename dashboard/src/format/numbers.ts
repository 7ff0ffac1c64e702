/** Numbers as people read them. Unknown is "?", absent is "–", nothing is rounded to zero. */

export const ABSENT = "–";
export const UNKNOWN = "?";

const whole = new Intl.NumberFormat("en");

export function count(value: number | null | undefined): string {
  return value == null ? ABSENT : whole.format(value);
}

/** A count with its noun, which is regular: 1 user, 12 users. */
export function many(value: number | null | undefined, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A count in few characters: 950, 18.2k, 4.1M. */
export function shortCount(value: number | null | undefined): string {
  if (value == null) return ABSENT;
  const size = Math.abs(value);
  if (size < 10_000) return whole.format(size < 10 ? Math.round(value * 100) / 100 : Math.round(value));
  if (size < 1e6) return `${trim(value / 1e3)}k`;
  if (size < 1e9) return `${trim(value / 1e6)}M`;
  return `${trim(value / 1e9)}B`;
}

function trim(value: number): string {
  return Math.abs(value) < 100 ? value.toFixed(1).replace(/\.0$/, "") : whole.format(Math.round(value));
}

/** US dollars: cents from a dollar up, else three digits that count, so that columns line up. Null is not known. */
export function money(dollars: number | null | undefined): string {
  if (dollars == null) return UNKNOWN;
  if (dollars === 0) return "$0";
  const sign = dollars < 0 ? "−" : "";
  const size = Math.abs(dollars);
  if (size >= 1) return `${sign}$${size.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  const digits = Math.min(12, 2 - Math.floor(Math.log10(size)));
  return `${sign}$${size.toFixed(digits)}`;
}

/** A rate as price lists write it: at least cents, and all digits that count: $15.00, $0.08, $0.0375. */
export function perMillion(dollars: number): string {
  return dollars === 0 ? "$0" : `$${dollars.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 9 })}`;
}

export function moneyOfNano(nanousd: number | null | undefined): string {
  return money(nanousd == null ? null : nanousd / 1e9);
}

/** < 0.1 ms, 2 ms, 960 ms, 1.92 s, 2 min 5 s. */
export function duration(ms: number | null | undefined): string {
  if (ms == null) return ABSENT;
  if (ms > 0 && ms < 0.05) return "< 0.1 ms";
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export function bytes(size: number | null | undefined): string {
  if (size == null) return ABSENT;
  if (size < 1000) return `${size} B`;
  if (size < 1e6) return `${trim(size / 1e3)} kB`;
  return `${trim(size / 1e6)} MB`;
}

/** A share with three digits that count, so that columns line up. */
export function percent(share: number | null | undefined): string {
  if (share == null) return ABSENT;
  const value = share * 100;
  if (value === 0) return "0 %";
  if (Math.abs(value) < 0.01) return "< 0.01 %";
  return `${value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 99.95 ? 1 : 0)} %`;
}

/** How much `now` is above or below `before`: +8.2 %, −4.0 %, +115 %, +31× from 1000 % on; "new" where there was nothing. */
export function change(now: number | null | undefined, before: number | null | undefined): string {
  if (now == null || before == null) return "";
  if (before === 0) return now === 0 ? "0 %" : "new";
  const value = ((now - before) / Math.abs(before)) * 100;
  if (value >= 1000) return `+${whole.format(Math.round(value / 100))}×`;
  const text = Math.abs(value).toFixed(Math.abs(value) < 99.95 ? 1 : 0);
  return text === "0.0" ? "0 %" : `${value > 0 ? "+" : "−"}${text} %`;
}

/** A value of the metrics API by its unit. */
export function byUnit(value: number | null | undefined, unit: string): string {
  switch (unit) {
    case "USD":
      return money(value);
    case "nano-USD":
      return moneyOfNano(value);
    case "ms":
      return duration(value);
    case "bytes":
      return bytes(value);
    case "ratio":
      return percent(value);
    default:
      return shortCount(value);
  }
}
