import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { byUnit } from "@/format/numbers";
import { fullTime, tick, type Zone } from "@/format/times";
import { chartOptions, stack } from "./chartOptions";
import styles from "./Chart.module.css";

export interface Series {
  label: string;
  values: (number | null)[];
  /** A CSS variable of the tokens, such as --c1. */
  color?: string;
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
}

export const SERIES_COLORS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7"];

/** Series over time: drawn by uPlot on a canvas; the legend is HTML, and a table for screen readers stands beside it. */
export function Chart(props: ChartProps) {
  const { times, series, unit, zone, height = 180, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scheme = useComputedColorScheme("light");
  const latest = useRef(props);
  latest.current = props;
  const colors = series.map((each, index) => each.color ?? SERIES_COLORS[index % SERIES_COLORS.length]!);
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
  }, [data]);

  return (
    <figure className={styles["figure"]}>
      {!props.hideLegend && series.length > 1 && (
        <figcaption className={styles["legend"]}>
          {series.map((each, index) => (
            <span key={each.label}>
              <i style={{ background: `var(${colors[index]})` }} />
              {each.label}
            </span>
          ))}
        </figcaption>
      )}
      <div ref={box} className={styles["plot"]} style={{ height }} role="img" aria-label={summary(label, times, series, unit, zone)} />
      <div ref={tip} className={styles["tip"]} hidden />
    </figure>
  );
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
