import { bucketTimes, groupName, useMetrics } from "@/api/metrics";
import { Chart } from "@/components/Chart";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Loaded } from "@/components/States";
import { bucketOf } from "@/state/buckets";
import { joinCondition, useScope } from "@/state/search";
import { readPolicy, shortWordsOf } from "@/format/policies";

/** Refused calls over time, by the limit that refused them. */
export function Refusals() {
  const [scope, setScope] = useScope();
  const filter = joinCondition(scope.q, "limit_refused:*");
  const query = useMetrics({ filter, measures: ["calls"], dimensions: ["limit_refused"], bucket: bucketOf(scope, 90), top: { n: 6, by: "calls", other: true } });
  return (
    <Panel title="Refusals" sub="by the limit that refused">
      <Loaded query={query} skeleton={<BlockSkeleton height={160} />}>
        {(answer) => {
          const groups = answer.groups.filter((group) => group.totals["calls"]);
          if (!groups.length) return <Empty title="No limit refused a call in this range">Limits are set for a key, for the organisation, or by a header of the call.</Empty>;
          return (
            <Chart
              label="Refusals"
              kind="stack"
              unit="calls"
              zone={scope.zone}
              height={160}
              times={bucketTimes(answer)}
              series={groups.map((group) => {
                const policy = readPolicy(String(group.key["limit_refused"] ?? ""));
                return { label: group.other ? "others" : policy ? shortWordsOf(policy) : groupName(group), values: group.values?.["calls"] ?? [], ...(group.other ? { color: "--c7" } : {}) };
              })}
              onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}
