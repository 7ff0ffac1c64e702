import { useComputedColorScheme } from "@mantine/core";
import { useContext, useEffect, useMemo, useRef, useState } from "react";
import { createPortal } from "react-dom";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { byUnit } from "@/format/numbers";
import { fullTime, tick, type Zone } from "@/format/times";
import { chartOptions, stack } from "./chartOptions";
import { LegendSlot } from "./Page";
import styles from "./Chart.module.css";

export interface Series {
  label: string;
  values: (number | null)[];
  /** A CSS variable of the tokens, such as --c1. */
  color?: string;
}

/** A dashed line over the series: a threshold. */
export interface Limit {
  label: string;
  values: (number | null)[];
  color: string;
}

/** A time that is marked behind the series; without an end it goes on. */
export interface Mark {
  /** Seconds since the epoch. */
  since: number;
  until: number | null;
}

export interface ChartProps {
  /** Start of each bucket, seconds since the epoch. */
  times: number[];
  series: Series[];
  kind: "line" | "bar" | "stack";
  unit: string;
  zone: Zone;
  height?: number;
  /** Charts with the same group share their cursor. */
  group?: string;
  label: string;
  /** A range was brushed. */
  onRange?: (sinceMs: number, untilMs: number) => void;
  /** A click at a bucket, and at the series below the pointer if there is one. */
  onPick?: (timeMs: number, series: string | null) => void;
  hideLegend?: boolean;
  limits?: Limit[];
  marks?: Mark[];
  /** Where the legend stands: in the head of the panel, or below the plot where names are long. */
  legend?: "head" | "below";
}

export const SERIES_COLORS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7"];

/** Series over time: drawn by uPlot on a canvas; the legend is HTML, and a table for screen readers stands beside it. */
export function Chart(props: ChartProps) {
  const { times, unit, zone, height = 180, label } = props;
  const [off, setOff] = useState<ReadonlySet<string>>(new Set());
  const slot = useContext(LegendSlot);
  const box = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scheme = useComputedColorScheme("light");
  const all = useMemo(
    () => props.series.map((each, index) => ({ ...each, color: each.color ?? SERIES_COLORS[index % SERIES_COLORS.length]! })),
    [props.series],
  );
  const series = useMemo(() => (off.size ? all.filter((each) => !off.has(each.label)) : all), [all, off]);
  const latest = useRef({ ...props, series });
  latest.current = { ...props, series };
  const colors = series.map((each) => each.color);
  const shape = `${props.kind} ${unit} ${zone} ${height} ${props.group} ${scheme} ${colors.join()} ${series.map((each) => each.label).join("\u0000")}`;
  const data = useMemo(() => (props.kind === "stack" ? stack(times, series) : ([times, ...series.map((each) => each.values)] as uPlot.AlignedData)), [times, series, props.kind]);

  useEffect(() => {
    const host = box.current;
    if (!host) return;
    const width = host.clientWidth || 600;
    const made = new uPlot(chartOptions(latest, colors, width, height, tip), data, host);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height }));
    watch.observe(host);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
    // `shape` holds what options are made from; data is set below without a new plot
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data, props.limits, props.marks]);

  const shown = !props.hideLegend && all.length > 1;
  const below = props.legend === "below";
  const legend = (
    <div className={styles["legend"]} data-below={below || undefined} role="group" aria-label={`Series of ${label}`}>
      {all.map((each) => (
        <button
          key={each.label}
          type="button"
          aria-pressed={!off.has(each.label)}
          title={`${each.label}: show or hide`}
          onClick={() => setOff((before) => toggled(before, each.label, all.length))}
        >
          <i style={{ background: `var(${each.color})` }} />
          <span>{each.label}</span>
        </button>
      ))}
    </div>
  );
  return (
    <figure className={styles["figure"]}>
      {shown && !below && (slot ? createPortal(legend, slot) : legend)}
      <div
        ref={box}
        className={styles["plot"]}
        data-picks={props.onPick ? "" : undefined}
        style={{ height }}
        role="img"
        aria-label={summary(label, times, series, unit, zone)}
      />
      {shown && below && legend}
      <div ref={tip} className={styles["tip"]} hidden />
    </figure>
  );
}

/** The hidden series after a click at one. The last one that shows cannot be hidden: all come back. */
function toggled(off: ReadonlySet<string>, label: string, all: number): ReadonlySet<string> {
  const next = new Set(off);
  if (!next.delete(label)) next.add(label);
  return next.size === all ? new Set() : next;
}

function summary(label: string, times: number[], series: Series[], unit: string, zone: Zone): string {
  if (!times.length) return `${label}: no data`;
  const from = fullTime(new Date(times[0]! * 1000), zone);
  const parts = series.slice(0, 5).map((each) => {
    const known = each.values.filter((value) => value != null);
    return known.length ? `${each.label} up to ${byUnit(Math.max(...known), unit)}` : `${each.label} without values`;
  });
  return `${label}, from ${from}: ${parts.join("; ")}`;
}

/** Labels of a time axis, for charts that are not drawn by uPlot. */
export function axisLabels(times: number[], zone: Zone, many: number): { at: number; text: string }[] {
  if (times.length < 2) return [];
  const span = (times[times.length - 1]! - times[0]!) * 1000;
  const step = Math.max(1, Math.ceil(times.length / many));
  return times.flatMap((time, at) => (at % step === 0 ? [{ at, text: tick(new Date(time * 1000), zone, span) }] : []));
}
