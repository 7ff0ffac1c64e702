import { Link } from "@tanstack/react-router";
import type { Heatmap } from "@/api/heatmap";
import { byUnit, count } from "@/format/numbers";
import { fullTime } from "@/format/times";
import { room } from "@/state/buckets";
import { writeScope, type Scope } from "@/state/search";
import { axisLabels } from "./Chart";
import styles from "./HeatCells.module.css";

const FOOT = 20;
const MOST_ROW = 22;

interface Props {
  heatmap: Heatmap;
  /** Filter and range of the calls that were counted: a cell opens those in it. */
  scope: Scope & Record<string, unknown>;
  /** The column of the filter grammar that the bins are of. */
  column: string;
  /** Of the cells, at most. */
  height: number;
}

/** Calls as cells: time by bins of a number; a darker one has more of them. */
export function HeatCells({ heatmap, scope, column: filtered, height: most }: Props) {
  const columns = heatmap.buckets.length;
  const used = heatmap.bins.map((_, bin) => heatmap.cells.some((column) => column[bin]));
  const lowest = used.indexOf(true);
  const bins = used.lastIndexOf(true) - lowest + 1;
  const height = Math.min(most, bins * MOST_ROW);
  const top = Math.max(...heatmap.cells.flat());
  const times = heatmap.buckets.map((text) => Date.parse(text) / 1000);
  const width = times.length > 1 ? (times[1]! - times[0]!) * 1000 : 3_600_000;
  const link = (column: number, bin: number) => {
    const { low, high } = heatmap.bins[bin + lowest]!;
    const since = new Date(times[column]! * 1000);
    const range = `${low == null ? "" : `${filtered}>=${low} `}${high == null ? "" : `${filtered}<${high}`}`;
    return writeScope({ ...scope, q: `${scope.q} ${range}`.trim(), since: since.toISOString(), until: new Date(since.getTime() + width).toISOString() });
  };
  return (
    <div className={styles["box"]}>
      <div className={styles["grid"]} style={{ gridTemplateColumns: `repeat(${columns}, 1fr)`, gridTemplateRows: `repeat(${bins}, minmax(0, 1fr))`, height }}>
        {heatmap.cells.flatMap((cells, column) =>
          cells.slice(lowest, lowest + bins).map((calls, bin) =>
            calls ? (
              <Link
                key={`${column} ${bin}`}
                to={"/requests" as string}
                search={link(column, bin) as never}
                className={styles["cell"]!}
                style={{ gridColumn: column + 1, gridRow: bins - bin, "--share": Math.sqrt(calls / top) } as React.CSSProperties}
                title={`${count(calls)} calls of ${label(heatmap, bin + lowest)}, ${fullTime(new Date(times[column]! * 1000), scope.zone)}`}
                aria-label={`${count(calls)} calls of ${label(heatmap, bin + lowest)}`}
                tabIndex={-1}
              />
            ) : null,
          ),
        )}
      </div>
      <div className={styles["scale"]} style={{ height }} aria-hidden="true">
        {tens(heatmap.bins.slice(lowest, lowest + bins)).map(({ at, low }) => (
          <span key={at} style={{ bottom: `${(at / bins) * 100}%` }}>
            {heatmap.unit === "ms" && low >= 60_000 ? `${low / 1000} s` : byUnit(low, heatmap.unit).replace(/\.0+ /, " ")}
          </span>
        ))}
      </div>
      <div className={styles["axis"]} style={{ height: FOOT }} aria-hidden="true">
        {axisLabels(times, scope.zone, room(5)).map((each) => (
          <span key={each.at} style={{ left: `${(each.at / columns) * 100}%` }}>
            {each.text}
          </span>
        ))}
      </div>
    </div>
  );
}

/** The bins that begin at a power of ten, from the lowest. */
function tens(bins: Heatmap["bins"]): { at: number; low: number }[] {
  return bins.flatMap(({ low }, at) => (low && Math.abs(Math.log10(low) - Math.round(Math.log10(low))) < 1e-6 ? [{ at, low }] : []));
}

function label(heatmap: Heatmap, bin: number): string {
  const { low, high } = heatmap.bins[bin]!;
  return `${low == null ? "under" : byUnit(low, heatmap.unit)}${low != null && high != null ? " to " : " "}${high == null ? "and more" : byUnit(high, heatmap.unit)}`;
}
