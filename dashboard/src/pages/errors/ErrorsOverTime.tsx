import { bucketTimes, useMetrics } from "@/api/metrics";
import { Chart } from "@/components/Chart";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Loaded } from "@/components/States";
import { bucketOf } from "@/state/buckets";
import { joinCondition, useScope } from "@/state/search";
import { ORIGINS } from "./groupFilter";

/** Failed calls over time, by whose failure they are. */
export function ErrorsOverTime() {
  const [scope, setScope] = useScope();
  const query = useMetrics({ filter: joinCondition(scope.q, "failed:true"), measures: ["calls"], dimensions: ["error_origin"], bucket: bucketOf(scope, 90) });
  return (
    <Panel title="Failed calls" sub="over time">
      <Loaded query={query} skeleton={<BlockSkeleton height={150} />}>
        {(answer) => {
          const groups = answer.groups.filter((group) => group.totals["calls"]);
          if (!groups.length) return <Empty title="No call failed in this range" />;
          return (
            <Chart
              label="Failed calls over time"
              kind="stack"
              unit="calls"
              zone={scope.zone}
              height={150}
              times={bucketTimes(answer)}
              series={groups.map((group) => {
                const origin = ORIGINS[String(group.key["error_origin"])];
                return { label: origin?.label ?? "other", color: origin?.color ?? "--c7", values: group.values?.["calls"] ?? [] };
              })}
              onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}
