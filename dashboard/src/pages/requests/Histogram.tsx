import { bucketTimes, figure, useMetrics } from "@/api/metrics";
import { Chart } from "@/components/Chart";
import { BlockSkeleton, Loaded } from "@/components/States";
import { count } from "@/format/numbers";
import { bucketInWords, bucketOf, room } from "@/state/buckets";
import { joinCondition } from "@/state/filterText";
import { useScope } from "@/state/search";
import styles from "./Histogram.module.css";

/** From the lowest part of a bar up. */
const CLASSES = [
  { key: "5xx", label: "5xx", color: "--bad", filter: "status:5xx" },
  { key: "4xx", label: "4xx", color: "--c6", filter: "status:4xx" },
  { key: null, label: "no status", color: "--c7", filter: "-status_class:*" },
  { key: "3xx", label: "3xx", color: "--c5", filter: "status:3xx" },
  { key: "2xx", label: "2xx", color: "--c1", filter: "status:2xx" },
];

/** The calls in view over time; their total is how many match. */
export function useHistogram(every: number | false) {
  const [scope] = useScope();
  return useMetrics({ measures: ["calls"], dimensions: ["status_class"], bucket: bucketOf(scope, room(96)) }, true, every);
}

/** Calls over time by status. A brush narrows the range, a click at a bar too; a name in the legend filters. */
export function Histogram({ query }: { query: ReturnType<typeof useHistogram> }) {
  const [scope, setScope] = useScope();
  return (
    <Loaded query={query} skeleton={<div className={styles["loading"]}><BlockSkeleton height={92} /></div>}>
      {(answer) => {
        const times = bucketTimes(answer);
        const width = times.length > 1 ? (times[1]! - times[0]!) * 1000 : 3_600_000;
        const found = CLASSES.flatMap((each) => {
          const group = answer.groups.find((one) => (one.key["status_class"] ?? null) === each.key);
          return group ? [{ ...each, calls: figure(group.totals, "calls") ?? 0, values: group.values?.["calls"] ?? [] }] : [];
        });
        const range = (since: number, until: number) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString(), live: "" });
        return (
          <div className={styles["box"]}>
            <div className={styles["legend"]}>
              {[...found].reverse().map((each) => (
                <button key={each.label} type="button" title={`Only ${each.label}`} onClick={() => setScope({ q: joinCondition(scope.q, each.filter) })}>
                  <i style={{ background: `var(${each.color})` }} />
                  {each.label} <b>{count(each.calls)}</b>
                </button>
              ))}
              <span className="dim">{bucketInWords(answer.bucket ?? "")} a bar · drag to zoom</span>
            </div>
            <Chart label="Calls over time" kind="stack" unit="calls" zone={scope.zone} height={92} hideLegend times={times} series={found} onRange={range} onPick={(at) => range(at, at + width)} />
          </div>
        );
      }}
    </Loaded>
  );
}
