import { bucketTimes, groupName, useMetrics } from "@/api/metrics";
import { Chart } from "@/components/Chart";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Loaded } from "@/components/States";
import { useScope } from "@/state/search";

/** Cost over time, stacked by the models that cost most. */
export function CostByModel() {
  const [scope, setScope] = useScope();
  const query = useMetrics({ measures: ["cost"], dimensions: ["model"], bucket: "auto", top: { n: 5, by: "cost", other: true } });
  return (
    <Panel title="Cost by model">
      <Loaded query={query} skeleton={<BlockSkeleton height={214} />}>
        {(answer) => {
          const groups = answer.groups.filter((group) => group.totals["cost"]);
          if (!groups.length) return <Empty title="No cost in this range" />;
          return (
            <Chart
              label="Cost by model"
              kind="stack"
              unit="USD"
              zone={scope.zone}
              group="overview"
              height={186}
              times={bucketTimes(answer)}
              series={groups.map((group) => ({ label: groupName(group, "no model"), values: group.values?.["cost"] ?? [], ...(group.other ? { color: "--c7" } : {}) }))}
              onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}
