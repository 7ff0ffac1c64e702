import { useNavigate } from "@tanstack/react-router";
import { bucketTimes, groupName, type MetricsAnswer } from "@/api/metrics";
import { useTileAnswer } from "@/api/tiles";
import { Chart, type Series } from "@/components/Chart";
import { Empty } from "@/components/States";
import { useScope, writeScope } from "@/state/search";
import type { Tile } from "./content";
import { dimensionName, measureName } from "@/components/measures/measures";
import { byUnitOfFirst, explorerOf, isSum, questionOf } from "./question";
import type { TileProps } from "./TileBody";
import { TileLoaded } from "./TileLoaded";
import styles from "./Tile.module.css";

const BAR_PX = 9;

/** Lines, bars or a stack over time. A click opens the calls of a bucket; a brush sets the board's range. */
export function SeriesTile({ tile, scope, width, height }: TileProps) {
  const [, setScope] = useScope();
  const navigate = useNavigate();
  const query = useTileAnswer(questionOf(tile, scope, Math.max(12, Math.floor((width - 70) / BAR_PX))));
  return (
    <TileLoaded query={query} height={height}>
      {(answer) => {
        const { series, left, unit } = seriesOf(tile, answer);
        if (!series.length) return <Empty title="Nothing in this range" />;
        const times = bucketTimes(answer);
        const step = ((times[1] ?? (times[0] ?? 0) + 3600) - (times[0] ?? 0)) * 1000;
        const below = tile.dimensions.length > 0;
        const more = (below && series.length > 1 ? legendHeight(series, width) : 0) + (left ? 20 : 0);
        return (
          <>
            <Chart
              label={tile.title || measureName(tile.measures[0]!)}
              kind={tile.type === "line" ? "line" : tile.type === "bar" && !(below && isSum(tile.measures[0]!)) ? "bar" : "stack"}
              unit={unit}
              zone={scope.zone}
              group="board"
              height={Math.max(60, height - more)}
              times={times}
              series={series}
              legend={below ? "below" : "head"}
              onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
              onPick={(time, label) => {
                const group = answer.groups.find((each) => groupName(each, noneOf(tile)) === label);
                const range = { since: new Date(time).toISOString(), until: new Date(time + step).toISOString() };
                void navigate({ to: "/requests" as string, search: writeScope(explorerOf(tile, scope, group ?? null, range)) as never });
              }}
            />
            {left && <p className={styles["note"]}>{left}</p>}
          </>
        );
      }}
    </TileLoaded>
  );
}

/** How high the legend below a chart is: its names in lines of this width. */
function legendHeight(series: Series[], width: number): number {
  let lines = 1;
  let used = 0;
  for (const { label } of series) {
    const own = Math.min(220, label.length * 6.7 + 30);
    if (used > 0 && used + own > width - 12) {
      lines += 1;
      used = 0;
    }
    used += own;
  }
  return 10 + lines * 21;
}

function noneOf(tile: Tile): string {
  return `no ${dimensionName(tile.dimensions[0] ?? "")}`;
}

function seriesOf(tile: Tile, answer: MetricsAnswer): { series: Series[]; left: string; unit: string } {
  const units = Object.fromEntries(answer.measures.map((each) => [each.name, each.unit]));
  const first = tile.measures[0]!;
  if (tile.dimensions.length) {
    const groups = answer.groups.filter((group) => group.totals[first] != null && group.totals[first] !== 0);
    const series = groups.map((group) => ({ label: groupName(group, noneOf(tile)), values: group.values?.[first] ?? [], ...(group.other ? { color: "--c7" } : {}) }));
    const hidden = tile.measures.slice(1).map(measureName);
    return { series, unit: units[first] ?? "", left: hidden.length ? `By group one measure is drawn: ${hidden.join(", ")} left out.` : "" };
  }
  const { drawn, left } = byUnitOfFirst(tile, units);
  const any = drawn.some((name) => (answer.total.values?.[name] ?? []).some((value) => value != null));
  return {
    series: any ? drawn.map((name) => ({ label: measureName(name), values: answer.total.values?.[name] ?? [] })) : [],
    unit: units[first] ?? "",
    left: left.length ? `Of another unit, so left out: ${left.map(measureName).join(", ")}.` : "",
  };
}
