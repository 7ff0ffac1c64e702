import { Link } from "@tanstack/react-router";
import { useHeatmap, type Heatmap } from "@/api/heatmap";
import { axisLabels } from "@/components/Chart";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Loaded } from "@/components/States";
import { count, duration } from "@/format/numbers";
import { fullTime } from "@/format/times";
import { useScope, writeScope } from "@/state/search";
import styles from "./LatencyHeatmap.module.css";

/** Every call as part of a cell: time by latency. A cell opens the calls in it. */
export function LatencyHeatmap() {
  const query = useHeatmap("latency");
  return (
    <Panel title="Latency of every request" sub="the stronger, the more">
      <Loaded query={query} skeleton={<BlockSkeleton height={214} />}>
        {(heatmap) => (heatmap.calls > heatmap.without_value ? <Cells heatmap={heatmap} /> : <Empty title="No latency in this range" />)}
      </Loaded>
    </Panel>
  );
}

const HEIGHT = 166;
const FOOT = 20;
const MOST_ROW = 22;

function Cells({ heatmap }: { heatmap: Heatmap }) {
  const [scope] = useScope();
  const columns = heatmap.buckets.length;
  const used = heatmap.bins.map((_, bin) => heatmap.cells.some((column) => column[bin]));
  const lowest = used.indexOf(true);
  const bins = used.lastIndexOf(true) - lowest + 1;
  const height = Math.min(HEIGHT, bins * MOST_ROW);
  const top = Math.max(...heatmap.cells.flat());
  const times = heatmap.buckets.map((text) => Date.parse(text) / 1000);
  const width = times.length > 1 ? (times[1]! - times[0]!) * 1000 : 3_600_000;
  const link = (column: number, bin: number) => {
    const { low, high } = heatmap.bins[bin + lowest]!;
    const since = new Date(times[column]! * 1000);
    const range = `${low == null ? "" : `latency_ms>=${low} `}${high == null ? "" : `latency_ms<${high}`}`;
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
            {duration(low).replace(/\.0+ /, " ")}
          </span>
        ))}
      </div>
      <div className={styles["axis"]} style={{ height: FOOT }} aria-hidden="true">
        {axisLabels(times, scope.zone, 5).map((each) => (
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
  return `${low == null ? "under" : duration(low)}${low != null && high != null ? " to " : " "}${high == null ? "and more" : duration(high)}`;
}
