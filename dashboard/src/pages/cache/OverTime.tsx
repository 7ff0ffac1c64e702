import { bucketTimes, useMetrics } from "@/api/metrics";
import { Chart } from "@/components/Chart";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Loaded } from "@/components/States";
import { bucketOf } from "@/state/buckets";
import { useScope } from "@/state/search";

/** Hits and misses over time. */
export function Lookups() {
  const [scope, setScope] = useScope();
  const query = useMetrics({ measures: ["cache_hits", "cache_lookups"], bucket: bucketOf(scope, 90) });
  return (
    <Panel title="Lookups">
      <Loaded query={query} skeleton={<BlockSkeleton height={186} />}>
        {(answer) => {
          const hits = answer.total.values?.["cache_hits"] ?? [];
          const lookups = answer.total.values?.["cache_lookups"] ?? [];
          return (
            <Chart
              label="Lookups"
              kind="stack"
              unit="calls"
              zone={scope.zone}
              group="cache"
              height={186}
              times={bucketTimes(answer)}
              series={[
                { label: "Hits", values: hits, color: "--c3" },
                { label: "Misses", values: lookups.map((all, at) => (all === null ? null : all - (hits[at] ?? 0))), color: "--c7" },
              ]}
              onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}

/** Dollars that hits saved, over time. */
export function Savings() {
  const [scope, setScope] = useScope();
  const query = useMetrics({ measures: ["saved_cost"], bucket: bucketOf(scope, 60) });
  return (
    <Panel title="Saved" sub="what the hits would have cost">
      <Loaded query={query} skeleton={<BlockSkeleton height={186} />}>
        {(answer) => (
          <Chart
            label="Saved"
            kind="bar"
            unit="USD"
            zone={scope.zone}
            group="cache"
            height={186}
            times={bucketTimes(answer)}
            series={[{ label: "Saved", values: answer.total.values?.["saved_cost"] ?? [], color: "--c3" }]}
            onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
          />
        )}
      </Loaded>
    </Panel>
  );
}
