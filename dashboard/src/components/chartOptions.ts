import type { RefObject } from "react";
import uPlot from "uplot";
import { tick } from "@/format/times";
import type { ChartProps, Series } from "./Chart";
import { drawLimits, drawMarks, highestLimit } from "./chartMarks";
import { seriesAt, showTip } from "./chartTip";
import { tickTexts, valueTicks } from "./scale";

/** The sums that stacked bars are drawn from: the last series is the lowest. Drawn from the highest to the lowest. */
export function stack(times: number[], series: Series[]): uPlot.AlignedData {
  const sums: number[] = times.map(() => 0);
  const rows = series.map((each) => each.values.map((value, index) => (sums[index] = (sums[index] ?? 0) + (value ?? 0))));
  return [times, ...rows.reverse()] as uPlot.AlignedData;
}

/** Room left of the first time, in pixels. */
const LEFT = 6;

/** About how wide a tick's text is drawn, in pixels. */
function widthOf(text: string): number {
  return text.length * 6;
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
  const steps = height < 120 ? 2 : 4;
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
    tzDate: (seconds) => (props.current.zone === "utc" ? uPlot.tzDate(new Date(seconds * 1000), "UTC") : new Date(seconds * 1000)),
    padding: [8, 0, 0, LEFT],
    scales: { x: { time: true, ...(kind === "line" ? {} : { range: wholeBars }) }, y: { range: (_, low, high) => (low != null && low < 0 ? [low, Math.max(0, high)] : [0, valueTicks(Math.max(high ?? 0, highestLimit(props.current)), props.current.unit, steps).at(-1)!]) } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 22,
        space: 84,
        values: (plot, splits) => {
          const span = ((plot.scales["x"]!.max ?? 0) - (plot.scales["x"]!.min ?? 0)) * 1000;
          const texts = splits.map((each, at) => tick(new Date(each * 1000), props.current.zone, span, at ? new Date(splits[at - 1]! * 1000) : undefined));
          return texts.map((text, at) => (plot.valToPos(splits[at]!, "x") + LEFT < widthOf(text) / 2 ? "" : text));
        },
      },
      {
        ...axis,
        side: 1,
        size: (_plot, texts) => Math.ceil(Math.max(24, ...(texts ?? []).map(widthOf)) + 8),
        grid: { stroke: css("--line"), width: 1 },
        splits: (_plot, _axis, low, high) => (low < 0 ? [low, 0, high] : valueTicks(high, props.current.unit, steps)),
        values: (_, splits) => tickTexts(splits, props.current.unit),
      },
    ],
    series: [
      {},
      ...drawn.map((color) => ({
        stroke: css(color),
        width: kind === "line" ? 1.5 : 0,
        ...(kind === "line" ? {} : { fill: css(color), paths: bars }),
        points: kind === "line" ? { show: true, size: 4, fill: css(color), filter: alone } : { show: false },
        spanGaps: false,
      })),
    ],
    hooks: {
      drawClear: [(plot) => drawMarks(plot, props.current, css("--bad-soft"), css("--bad"))],
      draw: [(plot) => drawLimits(plot, props.current, css)],
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
            if (at != null && props.current.onPick) props.current.onPick(props.current.times[at]! * 1000, seriesAt(plot, props.current, at)?.label ?? null);
          }),
      ],
    },
  };
}

/** The range of times, with room for the halves of the first and the last bar. */
function wholeBars(plot: uPlot, from: number, to: number): uPlot.Range.MinMax {
  const times = plot.data[0];
  const half = times && times.length > 1 ? (times[1]! - times[0]!) / 2 : 1800;
  return [from - half, to + half];
}

/** The values of a line that have no neighbour: nothing would be drawn of them. */
function alone(plot: uPlot, series: number): number[] {
  const values = plot.data[series]!;
  const found: number[] = [];
  for (let at = 0; at < values.length; at++) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) found.push(at);
  }
  return found;
}
