import { bucketTimes, useMetrics } from "@/api/metrics";
import { Chart } from "@/components/Chart";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Loaded } from "@/components/States";
import { useScope } from "@/state/search";

const LINES = [
  { measure: "p50_latency", label: "P50", color: "--c1" },
  { measure: "p95_latency", label: "P95", color: "--c6" },
  { measure: "p99_latency", label: "P99", color: "--c2" },
];

/** Percentiles of latency over time. */
export function LatencyLines() {
  const [scope, setScope] = useScope();
  const query = useMetrics({ measures: LINES.map((line) => line.measure), bucket: "auto" });
  return (
    <Panel title="Latency">
      <Loaded query={query} skeleton={<BlockSkeleton height={214} />}>
        {(answer) => (
          <Chart
            label="Latency"
            kind="line"
            unit="ms"
            zone={scope.zone}
            group="overview"
            height={186}
            times={bucketTimes(answer)}
            series={LINES.map((line) => ({ label: line.label, color: line.color, values: answer.total.values?.[line.measure] ?? [] }))}
            onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
          />
        )}
      </Loaded>
    </Panel>
  );
}
