import type { useRequestCounts } from "@/api/requests";
import { Chart } from "@/components/Chart";
import { BlockSkeleton, Loaded } from "@/components/States";
import { useScope } from "@/state/search";

/** Calls over time, failed ones below. A brush narrows the range. */
export function Histogram({ counts }: { counts: ReturnType<typeof useRequestCounts> }) {
  const [scope, setScope] = useScope();
  return (
    <Loaded query={counts} skeleton={<BlockSkeleton height={84} />}>
      {({ histogram }) => {
        const buckets = histogram?.data ?? [];
        return (
          <Chart
            label="Calls over time"
            kind="stack"
            unit="calls"
            zone={scope.zone}
            height={92}
            hideLegend
            times={buckets.map((bucket) => Date.parse(bucket.start) / 1000)}
            series={[
              { label: "failed", color: "--bad", values: buckets.map((bucket) => bucket.errors) },
              { label: "succeeded", color: "--c1", values: buckets.map((bucket) => bucket.calls - bucket.errors) },
            ]}
            onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
          />
        );
      }}
    </Loaded>
  );
}
