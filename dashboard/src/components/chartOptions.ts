import type { RefObject } from "react";
import uPlot from "uplot";
import { byUnit } from "@/format/numbers";
import { fullTime, tick } from "@/format/times";
import type { ChartProps, Series } from "./Chart";

/** The sums that stacked bars are drawn from: the last series is the lowest. Drawn from the highest to the lowest. */
export function stack(times: number[], series: Series[]): uPlot.AlignedData {
  const sums: number[] = times.map(() => 0);
  const rows = series.map((each) => each.values.map((value, index) => (sums[index] = (sums[index] ?? 0) + (value ?? 0))));
  return [times, ...rows.reverse()] as uPlot.AlignedData;
}

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** uPlot's options; callbacks read `props` when they run, so that a new function makes no new plot. */
export function chartOptions(
  props: RefObject<ChartProps>,
  colors: string[],
  width: number,
  height: number,
  tip: RefObject<HTMLDivElement | null>,
): uPlot.Options {
  const { kind, group } = props.current;
  const font = `11px ${css("--font")}`;
  const axis = { stroke: css("--ink-3"), font, ticks: { show: false } };
  const drawn = kind === "stack" ? [...colors].reverse() : colors;
  const bars = uPlot.paths.bars!({ size: [0.82, 28], gap: 1 });
  return {
    width,
    height,
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: kind === "line", size: 6 },
      drag: { x: true, y: false, setScale: false },
      ...(group ? { sync: { key: group, setSeries: false } } : {}),
    },
    scales: { x: { time: true }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), high ? high * 1.06 : 1] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        values: (plot, splits) => {
          const span = ((plot.scales["x"]!.max ?? 0) - (plot.scales["x"]!.min ?? 0)) * 1000;
          return splits.map((each) => tick(new Date(each * 1000), props.current.zone, span));
        },
      },
      {
        ...axis,
        side: 1,
        size: 62,
        grid: { stroke: css("--line"), width: 1 },
        splits: (_plot, _axis, low, high) => (height < 120 ? [0, 2, 4] : [0, 1, 2, 3, 4]).map((step) => low + ((high - low) * step) / 4),
        values: (_, splits) => splits.map((each) => byUnit(each, props.current.unit)),
      },
    ],
    series: [
      {},
      ...drawn.map((color) => ({
        stroke: css(color),
        width: kind === "line" ? 1.5 : 0,
        ...(kind === "line" ? {} : { fill: css(color), paths: bars }),
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: {
      setCursor: [(plot) => showTip(plot, props.current, tip.current)],
      setSelect: [
        (plot) => {
          const { left, width: chosen } = plot.select;
          if (chosen < 4) return;
          const since = plot.posToVal(left, "x") * 1000;
          const until = plot.posToVal(left + chosen, "x") * 1000;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          props.current.onRange?.(since, until);
        },
      ],
      ready: [
        (plot) =>
          plot.over.addEventListener("click", () => {
            const at = plot.cursor.idx;
            if (at != null && props.current.onPick) props.current.onPick(props.current.times[at]! * 1000, null);
          }),
      ],
    },
  };
}

function showTip(plot: uPlot, props: ChartProps, tip: HTMLDivElement | null): void {
  if (!tip) return;
  const at = plot.cursor.idx;
  const left = plot.cursor.left ?? -1;
  if (at == null || left < 0) {
    tip.hidden = true;
    return;
  }
  const lines = props.series.slice(0, 8).map((each) => [each.label, byUnit(each.values[at] ?? null, props.unit)] as const);
  tip.replaceChildren(
    line("strong", fullTime(new Date(props.times[at]! * 1000), props.zone)),
    ...lines.map(([name, value]) => line("span", `${name}  ${value}`)),
  );
  tip.hidden = false;
  const room = plot.over.clientWidth;
  tip.style.left = `${left > room / 2 ? left - tip.offsetWidth - 14 : left + 14}px`;
}

function line(tag: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
