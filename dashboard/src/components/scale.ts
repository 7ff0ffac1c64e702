/** Round numbers for the axis of values. */

import { byUnit } from "@/format/numbers";

const DECIMAL = [1, 2, 2.5, 5, 10];
/** Steps that are round as seconds, minutes and hours too, in milliseconds. */
const TIME = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((ms) => ms),
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
];

/** The ticks from zero to the first one at or above `highest`, at most `most` steps apart. */
export function valueTicks(highest: number, unit: string, most: number): number[] {
  if (!(highest > 0) || !Number.isFinite(highest)) return [0, unit === "ratio" ? 0.01 : 1];
  const least = highest / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const timed = unit === "ms" ? TIME.find((each) => each >= least) : undefined;
  const whole = unit === "" || unit === "calls" || unit === "tokens";
  const step = Math.max(timed ?? DECIMAL.find((each) => each * power >= least * (1 - 1e-9))! * power, whole ? 1 : 0);
  const steps = Math.ceil(highest / step - 1e-9);
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** The ticks as text, with as many digits as the one that needs most. */
export function tickTexts(ticks: number[], unit: string): string[] {
  const texts = ticks.map((each) => (each === 0 ? "" : byUnit(each, unit)));
  const decimals = Math.max(...texts.map((text) => (/\.(\d*?)0*(?=\D|$)/.exec(text)?.[1] ?? "").length));
  return texts.map((text) => {
    if (text === "") return unit === "USD" ? "$0" : "0";
    const found = /^(.*?\d)(?:\.(\d+))?(\D*)$/.exec(text);
    const same = found && decimals && !/\d ms$/.test(text) ? `.${(found[2] ?? "").slice(0, decimals).padEnd(decimals, "0")}` : "";
    return found ? `${found[1]}${same}${found[3]}` : text;
  });
}
