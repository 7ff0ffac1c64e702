import { SegmentedControl } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { bucketTimes, useMetrics } from "@/api/metrics";
import { Chart } from "@/components/Chart";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Loaded } from "@/components/States";
import { bucketOf, room } from "@/state/buckets";
import { useScope, writeScope } from "@/state/search";

const CHOICES = [
  { value: "latency", label: "Latency", unit: "ms", sort: "-latency_ms" },
  { value: "ttft", label: "First token", unit: "ms", sort: "-ttft_ms" },
  { value: "tokens_per_second", label: "Speed", unit: "tokens/s", sort: "" },
] as const;

const LINES = [
  { level: "p50", label: "P50", color: "--c1" },
  { level: "p95", label: "P95", color: "--c6" },
  { level: "p99", label: "P99", color: "--c2" },
];

/** Percentiles of latency, of the time to the first token, or of tokens a second, over time. A point opens its calls. */
export function LatencyLines() {
  const [scope, setScope] = useScope();
  const navigate = useNavigate();
  const choice = CHOICES.find((each) => each.value === scope["speed"]) ?? CHOICES[0];
  const measure = (level: string) => `${level}_${choice.value}`;
  const query = useMetrics({ measures: LINES.map((line) => measure(line.level)), bucket: bucketOf(scope, room(96)) });
  return (
    <Panel
      title={choice.value === "tokens_per_second" ? "Tokens per second" : choice.label}
      actions={
        <SegmentedControl
          aria-label="What the lines show"
          value={choice.value}
          onChange={(value) => setScope({ speed: value === "latency" ? "" : value }, true)}
          data={CHOICES.map(({ value, label }) => ({ value, label }))}
        />
      }
    >
      <Loaded query={query} skeleton={<BlockSkeleton height={190} />}>
        {(answer) => {
          const times = bucketTimes(answer);
          const width = ((times[1] ?? (times[0] ?? 0) + 3600) - (times[0] ?? 0)) * 1000;
          return (
            <Chart
              label={choice.label}
              kind="line"
              unit={choice.unit}
              zone={scope.zone}
              group="overview"
              height={190}
              times={times}
              series={LINES.map((line) => ({ label: line.label, color: line.color, values: answer.total.values?.[measure(line.level)] ?? [] }))}
              onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
              onPick={(time) =>
                void navigate({
                  to: "/requests" as string,
                  search: writeScope({
                    ...scope,
                    speed: undefined,
                    sort: choice.sort,
                    since: new Date(time).toISOString(),
                    until: new Date(time + width).toISOString(),
                  }) as never,
                })
              }
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}
