import { Button, SegmentedControl } from "@mantine/core";
import type { GroupRows } from "@/api/groups";
import { bucketTimes, useMetrics, type MetricsAnswer } from "@/api/metrics";
import { Chart, SERIES_COLORS } from "@/components/Chart";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Loaded } from "@/components/States";
import { ABSENT, count, duration, money, percent, shortCount } from "@/format/numbers";
import { bucketOf } from "@/state/buckets";
import { joinCondition, useScope } from "@/state/search";
import { conditionOf, isSame, toggled, writeChosen, type Model } from "./chosen";
import styles from "./Comparison.module.css";

type Row = GroupRows["models"];

const MEASURES = [
  { value: "p95_latency", label: "Latency P95", unit: "ms" },
  { value: "p95_ttft", label: "First token P95", unit: "ms" },
  { value: "avg_tokens_per_second", label: "Tokens/s", unit: "tokens/s" },
  { value: "error_rate", label: "Error rate", unit: "ratio" },
  { value: "avg_cost", label: "Cost per call", unit: "USD" },
  { value: "calls", label: "Calls", unit: "calls" },
];

const LINES: { label: string; show: (row: Row) => string; value: (row: Row) => number | null | undefined; best?: "low" | "high" }[] = [
  { label: "Calls", show: (row) => count(row.calls), value: (row) => row.calls },
  { label: "Cost", show: (row) => money(row.cost), value: (row) => row.cost },
  { label: "Cost per 1k calls", show: (row) => (row.avg_cost == null ? ABSENT : money(row.avg_cost * 1000)), value: (row) => row.avg_cost, best: "low" },
  { label: "Tokens in → out", show: (row) => `${shortCount(row.input_tokens)} → ${shortCount(row.output_tokens)}`, value: () => null },
  { label: "Latency P50", show: (row) => duration(row.latency_p50), value: (row) => row.latency_p50, best: "low" },
  { label: "Latency P95", show: (row) => duration(row.latency_p95), value: (row) => row.latency_p95, best: "low" },
  { label: "First token P95", show: (row) => duration(row.ttft_p95), value: (row) => row.ttft_p95, best: "low" },
  { label: "Tokens per second", show: (row) => shortCount(row.tokens_per_second == null ? null : Math.round(row.tokens_per_second)), value: (row) => row.tokens_per_second, best: "high" },
  { label: "Error rate", show: (row) => percent(row.error_rate), value: (row) => row.error_rate, best: "low" },
];

/** Two or three models side by side: their figures, the best of each in bold, and one of them over time. */
export function Comparison({ chosen, rows }: { chosen: Model[]; rows: Row[] }) {
  const [scope, setScope] = useScope();
  const measure = MEASURES.find((each) => each.value === scope["by"]) ?? MEASURES[0]!;
  const either = `(${chosen.map((each) => `(${conditionOf(each)})`).join(" OR ")})`;
  const query = useMetrics({ filter: joinCondition(scope.q, either), measures: [measure.value], dimensions: ["provider", "model"], bucket: bucketOf(scope, 90), limit: 20 });
  return (
    <Panel
      title="Side by side"
      actions={
        <>
          <SegmentedControl aria-label="Measure" value={measure.value} onChange={(by) => setScope({ by }, true)} data={MEASURES.map(({ value, label }) => ({ value, label }))} />
          <Button onClick={() => setScope({ compare: "", by: "" }, true)}>Close</Button>
        </>
      }
    >
      <div className={styles["beside"]}>
        <Loaded query={query} skeleton={<BlockSkeleton height={250} />}>
          {(answer) => <Lines answer={answer} chosen={chosen} measure={measure} />}
        </Loaded>
        <Figures chosen={chosen} rows={rows} />
      </div>
    </Panel>
  );
}

function Lines({ answer, chosen, measure }: { answer: MetricsAnswer; chosen: Model[]; measure: (typeof MEASURES)[number] }) {
  const [scope, setScope] = useScope();
  const series = chosen.flatMap((model, at) => {
    const group = answer.groups.find((each) => each.key["model"] === model.model && (each.key["provider"] ?? "") === model.provider);
    return group ? [{ label: model.model, color: SERIES_COLORS[at]!, values: group.values?.[measure.value] ?? [] }] : [];
  });
  if (!series.length) return <Empty title="None of these models has a call in this range" />;
  return (
    <Chart
      label={`${measure.label} of the chosen models`}
      kind="line"
      unit={measure.unit}
      zone={scope.zone}
      height={250}
      hideLegend
      times={bucketTimes(answer)}
      series={series}
      onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
    />
  );
}

function Figures({ chosen, rows }: { chosen: Model[]; rows: Row[] }) {
  const [, setScope] = useScope();
  const found = chosen.map((model) => rows.find((row) => isSame(row, model)));
  return (
    <div className={styles["scroll"]}>
      <table className={styles["figures"]}>
        <thead>
          <tr>
            <th />
            {chosen.map((model, at) => (
              <th key={`${model.provider} ${model.model}`} scope="col" title={`${model.model}, ${model.provider}`}>
                <i style={{ background: `var(${SERIES_COLORS[at]})` }} />
                <span>{model.model}</span>
                <button type="button" aria-label={`Leave out ${model.model}`} onClick={() => setScope({ compare: writeChosen(toggled(chosen, model)) }, true)}>
                  ×
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {LINES.map((line) => {
            const best = bestOf(found.map((row) => (row ? (line.value(row) ?? null) : null)), line.best);
            return (
              <tr key={line.label}>
                <th scope="row">{line.label}</th>
                {found.map((row, at) => (
                  <td key={at} data-best={best === at || undefined}>
                    {row ? line.show(row) : ABSENT}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Which value is the best; -1 where there is nothing to choose from, or they are the same. */
function bestOf(values: (number | null)[], best: "low" | "high" | undefined): number {
  const known = values.filter((value): value is number => value !== null);
  if (!best || known.length < 2 || new Set(known).size < 2) return -1;
  return values.indexOf(best === "low" ? Math.min(...known) : Math.max(...known));
}
