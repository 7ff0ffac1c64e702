import { SegmentedControl } from "@mantine/core";
import { bucketTimes, groupName, useMetrics } from "@/api/metrics";
import { Chart } from "@/components/Chart";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Loaded } from "@/components/States";
import { bucketOf } from "@/state/buckets";
import { useScope } from "@/state/search";

const MEASURES = [
  { value: "cost", label: "Cost", unit: "USD" },
  { value: "calls", label: "Calls", unit: "calls" },
  { value: "errors", label: "Errors", unit: "calls" },
  { value: "tokens", label: "Tokens", unit: "tokens" },
];

interface Props {
  dimension: string;
  filter: string;
  none: string;
  height?: number;
}

/** A measure over time, stacked by the values of a dimension that have most of it. The URL holds the measure. */
export function Breakdown({ dimension, filter, none, height = 180 }: Props) {
  const [scope, setScope] = useScope();
  const chosen = MEASURES.find((each) => each.value === scope["by"]) ?? MEASURES[0]!;
  const query = useMetrics({ filter: filter || null, measures: [chosen.value], dimensions: [dimension], bucket: bucketOf(scope, 90), top: { n: 6, by: chosen.value, other: true } });
  return (
    <Panel
      title={chosen.label}
      sub="over time"
      actions={<SegmentedControl aria-label="Measure" value={chosen.value} onChange={(by) => setScope({ by: by === "cost" ? "" : by }, true)} data={MEASURES.map(({ value, label }) => ({ value, label }))} />}
    >
      <Loaded query={query} skeleton={<BlockSkeleton height={height} />}>
        {(answer) => {
          const groups = answer.groups.filter((group) => group.totals[chosen.value]);
          if (!groups.length) return <Empty title={`No ${chosen.label.toLowerCase()} in this range`} />;
          return (
            <Chart
              label={`${chosen.label} over time`}
              kind="stack"
              unit={chosen.unit}
              zone={scope.zone}
              height={height}
              times={bucketTimes(answer)}
              series={groups.map((group) => ({ label: groupName(group, none), values: group.values?.[chosen.value] ?? [], ...(group.other ? { color: "--c7" } : {}) }))}
              onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}
