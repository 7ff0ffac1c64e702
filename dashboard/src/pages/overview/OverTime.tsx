import { SegmentedControl } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { bucketTimes, groupName, useMetrics } from "@/api/metrics";
import { Chart } from "@/components/Chart";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Loaded } from "@/components/States";
import { bucketOf, room } from "@/state/buckets";
import { addCondition, useScope, writeScope } from "@/state/search";

const CHOICES = [
  { value: "cost", label: "Cost", unit: "USD", filter: "" },
  { value: "calls", label: "Requests", unit: "calls", filter: "" },
  { value: "tokens", label: "Tokens", unit: "tokens", filter: "" },
  { value: "errors", label: "Errors", unit: "calls", filter: "failed:true" },
] as const;

/** Cost, requests, tokens or errors over time, stacked by the models that have most of it. A bar opens its calls. */
export function OverTime() {
  const [scope, setScope] = useScope();
  const navigate = useNavigate();
  const choice = CHOICES.find((each) => each.value === scope["chart"]) ?? CHOICES[0];
  const query = useMetrics({
    measures: [choice.value],
    dimensions: ["model"],
    bucket: bucketOf(scope, room(96)),
    top: { n: 5, by: choice.value, other: true },
  });
  const open = (timeMs: number, model: string | null, times: number[]) => {
    const width = ((times[1] ?? times[0]! + 3600) - times[0]!) * 1000;
    const filter = `${scope.q} ${choice.filter}`.trim();
    const known = model && model !== "others" && model !== "no model";
    void navigate({
      to: "/requests" as string,
      search: writeScope({
        ...scope,
        chart: undefined,
        q: known ? addCondition(filter, "model", model) : filter,
        since: new Date(timeMs).toISOString(),
        until: new Date(timeMs + width).toISOString(),
      }) as never,
    });
  };
  return (
    <Panel
      title={`${choice.label} by model`}
      actions={
        <SegmentedControl
          aria-label="What the chart shows"
          value={choice.value}
          onChange={(value) => setScope({ chart: value === "cost" ? "" : value }, true)}
          data={CHOICES.map(({ value, label }) => ({ value, label }))}
        />
      }
    >
      <Loaded query={query} skeleton={<BlockSkeleton height={190} />}>
        {(answer) => {
          const groups = answer.groups.filter((group) => group.totals[choice.value]);
          if (!groups.length) return <Empty title={`No ${choice.label.toLowerCase()} in this range`} />;
          const times = bucketTimes(answer);
          return (
            <Chart
              label={`${choice.label} by model`}
              kind="stack"
              legend="below"
              unit={choice.unit}
              zone={scope.zone}
              group="overview"
              height={186}
              times={times}
              series={groups.map((group) => ({
                label: groupName(group, "no model"),
                values: group.values?.[choice.value] ?? [],
                ...(group.other ? { color: "--c7" } : {}),
              }))}
              onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
              onPick={(time, model) => open(time, model, times)}
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}
