import type uPlot from "uplot";
import { byUnit } from "@/format/numbers";
import { bucketStart } from "@/format/times";
import type { ChartProps, Series } from "./Chart";

const MOST_LINES = 8;

/** The series below the pointer: of stacked bars the one that it is in, of lines the nearest. */
export function seriesAt(plot: uPlot, props: ChartProps, at: number): Series | null {
  const pointed = plot.posToVal(plot.cursor.top ?? 0, "y");
  if (props.kind !== "stack") {
    const known = props.series.filter((each) => each.values[at] != null);
    const far = (each: Series) => Math.abs(each.values[at]! - pointed);
    return known.length ? known.reduce((best, each) => (far(each) < far(best) ? each : best)) : null;
  }
  let sum = 0;
  for (const each of props.series) {
    sum += each.values[at] ?? 0;
    if (pointed <= sum) return each;
  }
  return null;
}

/** Fills the box beside the pointer: the time, every series with its value, and of stacked ones the sum. */
export function showTip(plot: uPlot, props: ChartProps, tip: HTMLDivElement | null): void {
  if (!tip) return;
  const at = plot.cursor.idx;
  const left = plot.cursor.left ?? -1;
  if (at == null || left < 0) {
    tip.hidden = true;
    return;
  }
  const pointed = props.series.length > 1 ? seriesAt(plot, props, at) : null;
  const lines = props.series
    .filter((each) => (props.kind === "stack" ? each.values[at] : each.values[at] != null) || props.series.length < 4)
    .slice(0, MOST_LINES)
    .map((each) => line(each.label, byUnit(each.values[at] ?? null, props.unit), each.color, each === pointed));
  if (props.kind === "stack" && props.series.length > 1) {
    const sum = props.series.reduce((before, each) => before + (each.values[at] ?? 0), 0);
    lines.push(line("all", byUnit(sum, props.unit), undefined, false));
  }
  for (const limit of props.limits ?? []) {
    if (limit.values[at] != null && lines.length <= MOST_LINES) lines.push(line(limit.label, byUnit(limit.values[at], props.unit), limit.color, false));
  }
  const time = document.createElement("strong");
  time.textContent = bucketStart(new Date(props.times[at]! * 1000), props.zone);
  tip.replaceChildren(time, ...lines);
  tip.hidden = false;
  tip.style.left = `${left > plot.over.clientWidth / 2 ? left - tip.offsetWidth - 14 : left + 14}px`;
}

function line(name: string, value: string, color: string | undefined, pointed: boolean): HTMLElement {
  const made = document.createElement("div");
  if (pointed) made.dataset["pointed"] = "";
  const mark = document.createElement("i");
  if (color) mark.style.background = `var(${color})`;
  const label = document.createElement("span");
  label.textContent = name;
  const figure = document.createElement("b");
  figure.textContent = value;
  made.append(mark, label, figure);
  return made;
}
