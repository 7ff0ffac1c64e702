import { useMemo } from "react";
import type { Preview } from "@/api/alerts";
import { Chart, SERIES_COLORS, type Limit, type Mark } from "@/components/Chart";
import type { Zone } from "@/format/times";
import type { Rule } from "./rule";
import { metricName, valueWords } from "./words";

const MOST_SERIES = 7;

interface Props {
  rule: Rule;
  preview: Preview;
  zone: Zone;
  height?: number;
  onRange?: (sinceMs: number, untilMs: number) => void;
  onPick?: (endMs: number, labels: Record<string, string>) => void;
}

/** Values over the past with the threshold as a dashed line; times in which the rule would have fired are marked. */
export function PreviewChart({ rule, preview, zone, height = 240, onRange, onPick }: Props) {
  const drawn = useMemo(() => parts(rule, preview), [rule, preview]);
  return (
    <Chart
      label={`${metricName(rule.metric)}, and when the rule would have fired`}
      kind="line"
      unit={preview.unit}
      zone={zone}
      height={height}
      legend="below"
      times={drawn.times}
      series={drawn.series}
      limits={drawn.limits}
      marks={drawn.marks}
      {...(onRange ? { onRange } : {})}
      {...(onPick ? { onPick: (at: number, name: string | null) => onPick(at, drawn.labels.get(name ?? "") ?? {}) } : {})}
    />
  );
}

export function nameOf(labels: Record<string, string>, metric: string): string {
  const values = Object.values(labels);
  return values.length ? values.map((value) => value || "not set").join(" · ") : metricName(metric);
}

function parts(rule: Rule, preview: Preview) {
  const fired = new Set(preview.firings.map((each) => JSON.stringify(each.labels)));
  const first = [...preview.series].sort((one, other) => Number(fired.has(JSON.stringify(other.labels))) - Number(fired.has(JSON.stringify(one.labels)))).slice(0, MOST_SERIES);
  const names = first.map((each) => nameOf(each.labels, rule.metric));
  const series = first.map((each, at) => ({ label: names[at]!, values: each.values, color: SERIES_COLORS[at % SERIES_COLORS.length]! }));
  const shown = new Set(first.map((each) => JSON.stringify(each.labels)));
  const marks: Mark[] = preview.firings
    .filter((each) => shown.has(JSON.stringify(each.labels)))
    .map((each) => ({ since: Date.parse(each.since) / 1000, until: each.until === null ? null : Date.parse(each.until) / 1000 }));
  return {
    times: preview.points.map((each) => Date.parse(each) / 1000),
    series,
    limits: limitsOf(rule, preview, first),
    marks,
    labels: new Map(first.map((each, at) => [names[at]!, each.labels])),
  };
}

/** One line where all groups share it; otherwise one a group, of the first few. */
function limitsOf(rule: Rule, preview: Preview, shown: Preview["series"]): Limit[] {
  const { kind, op, value, resolve } = rule.condition;
  if (rule.metric === "no_traffic") return [];
  if (kind === "threshold") {
    const flat = (at: number) => preview.points.map(() => at);
    const limits: Limit[] = [{ label: `fires ${op}`, values: flat(value), color: "--bad" }];
    if (resolve !== null && resolve !== value) limits.push({ label: "is over at", values: flat(resolve), color: "--ink-3" });
    return limits;
  }
  if (shown.length > 3) return [];
  return shown.flatMap((each, at) => {
    const color = shown.length === 1 ? "--bad" : SERIES_COLORS[at]!;
    const sides: [string, (number | null)[]][] = [["above", each.above], ["below", each.below]];
    return sides.filter(([, values]) => values.some((one) => one !== null)).map(([side, values]) => ({ label: shown.length === 1 ? `fires ${side}` : `${nameOf(each.labels, rule.metric)} ${side}`, values, color }));
  });
}

/** The value at the end of the preview, of a rule without groups. */
export function lastValue(preview: Preview): string {
  const values = preview.series.length === 1 ? preview.series[0]!.values : [];
  return valueWords(values.at(-1), preview.unit);
}
