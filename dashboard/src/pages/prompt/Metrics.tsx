import { Link } from "@tanstack/react-router";
import { bucketTimes, useMetrics } from "@/api/metrics";
import { useScoreNames } from "@/api/prompts";
import type { Prompt, VersionRow } from "@/api/prompts";
import { Chart } from "@/components/Chart";
import { DataTable, type Column } from "@/components/DataTable";
import { Grid, Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Loaded } from "@/components/States";
import { TwoLines } from "@/components/TwoLines";
import { ABSENT, count, duration, money, percent, shortCount } from "@/format/numbers";
import { addCondition, useScope, writeScope } from "@/state/search";
import styles from "./Metrics.module.css";

interface Row extends VersionRow {
  /** Averages by the name of the score. */
  scores: Record<string, number | null>;
}

/** What each version's calls cost, took and scored, and how many there were over time. */
export function Metrics({ prompt, figures }: { prompt: Prompt; figures: VersionRow[] }) {
  const [scope, setScope] = useScope();
  const q = addCondition(scope.q, "prompt", prompt.id);
  const names = useScoreNames();
  const over = useMetrics({ filter: q, measures: ["calls", "cost", "p95_latency"], dimensions: ["prompt_version"], bucket: "auto", top: { n: 6, by: "calls", other: true } });
  const scored = useMetrics({ filter: q, measures: names.map((name) => `score.${name}`), dimensions: ["prompt_version"], limit: 500 }, names.length > 0);
  const byVersion = new Map((scored.data?.groups ?? []).map((group) => [String(group.key["prompt_version"]), group.totals]));
  const given = names.filter((name) => [...byVersion.values()].some((totals) => totals[`score.${name}`] != null));
  const rows: Row[] = figures
    .map((row) => ({ ...row, scores: Object.fromEntries(given.map((name) => [name, byVersion.get(row.version)?.[`score.${name}`] ?? null])) }))
    .sort((a, b) => Number(b.version) - Number(a.version));
  if (!figures.length) return <Panel><Empty title="No calls with this prompt in this range">Choose a longer range, or call it: the tab “Use it” has programs to paste.</Empty></Panel>;
  return (
    <>
      <Panel flush>
        <DataTable
          label="Versions by their calls"
          columns={columns(prompt, given)}
          rows={rows}
          rowKey={(row) => row.version}
          tone={() => undefined}
          compact={(row) => (
            <TwoLines
              name={
                <>
                  <strong>{versionName(row.version)}</strong> <span className="dim">{count(row.calls)} calls</span>
                </>
              }
              figure={money(row.cost)}
              about={`P95 ${duration(row.latency_p95)}`}
              more={`${percent(row.error_rate)} errors`}
            />
          )}
        />
      </Panel>
      <Grid columns="repeat(2, minmax(0, 1fr))">
        {(["calls", "p95_latency"] as const).map((measure) => (
          <Panel key={measure} title={measure === "calls" ? "Calls by version" : "P95 latency by version"}>
            <Loaded query={over} skeleton={<BlockSkeleton height={214} />}>
              {(answer) => (
                <Chart
                  label={measure === "calls" ? "Calls by version" : "P95 latency by version"}
                  kind={measure === "calls" ? "stack" : "line"}
                  unit={measure === "calls" ? "calls" : "ms"}
                  zone={scope.zone}
                  group="prompt"
                  height={186}
                  times={bucketTimes(answer)}
                  series={answer.groups.map((group) => ({ label: group.other ? "others" : versionName(String(group.key["prompt_version"] ?? "")), values: group.values?.[measure] ?? [] }))}
                  onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
                />
              )}
            </Loaded>
          </Panel>
        ))}
      </Grid>
    </>
  );
}

function columns(prompt: Prompt, scores: string[]): Column<Row>[] {
  const calls = (row: Row, filter: string, text: string, bad = false) => <CallsLink prompt={prompt.id} version={row.version} filter={filter} text={text} bad={bad} />;
  return [
    { id: "version", header: "Version", width: "minmax(120px, 1fr)", cell: (row) => <VersionName prompt={prompt} version={row.version} /> },
    { id: "calls", header: "Calls", width: "68px", numeric: true, cell: (row) => calls(row, "", count(row.calls)) },
    { id: "errors", header: "Errors", width: "72px", numeric: true, cell: (row) => calls(row, "failed:true", percent(row.error_rate), row.errors > 0) },
    { id: "cost", header: "Cost", width: "84px", numeric: true, cell: (row) => money(row.cost) },
    { id: "each", header: "A call", width: "92px", numeric: true, cell: (row) => money(row.avg_cost) },
    { id: "p50", header: "P50", width: "76px", numeric: true, cell: (row) => duration(row.latency_p50) },
    { id: "p95", header: "P95", width: "76px", numeric: true, cell: (row) => duration(row.latency_p95) },
    { id: "tokens", header: "Tokens in → out", width: "118px", numeric: true, cell: (row) => `${shortCount(row.input_tokens)} → ${shortCount(row.output_tokens)}` },
    { id: "speed", header: "Tokens/s", width: "76px", numeric: true, cell: (row) => (row.tokens_per_second == null ? ABSENT : shortCount(row.tokens_per_second)) },
    { id: "users", header: "Users", width: "60px", numeric: true, cell: (row) => count(row.users) },
    ...scores.map((name): Column<Row> => ({ id: `score.${name}`, header: <span title={`Average of the score ${name}`}>{name}</span>, width: "88px", numeric: true, cell: (row) => (row.scores[name] == null ? ABSENT : row.scores[name]!.toFixed(2)) })),
  ];
}

/** v3; a call that was refused before a version was chosen has none. */
function versionName(version: string): string {
  return version ? `v${version}` : "no version";
}

function VersionName({ prompt, version }: { prompt: Prompt; version: string }) {
  if (!version) return <span className="dim" title="The call was refused before a version was chosen">{versionName(version)}</span>;
  const labels = Object.entries(prompt.labels).filter(([, at]) => String(at) === version).map(([label]) => label);
  return (
    <>
      <Link to="." search={((old: Record<string, unknown>) => writeScope({ ...old, tab: "", version })) as never} className={styles["link"]!}>
        <strong>v{version}</strong>
      </Link>{" "}
      <span className="dim">{labels.join(", ")}</span>
    </>
  );
}

function CallsLink({ prompt, version, filter, text, bad }: { prompt: string; version: string; filter: string; text: string; bad: boolean }) {
  const [scope] = useScope();
  const q = `${addCondition(addCondition(scope.q, "prompt", prompt), "prompt_version", version)} ${filter}`.trim();
  return (
    <Link to="/requests" search={writeScope({ q, since: scope.since, until: scope.until, zone: scope.zone }) as never} className={`${styles["link"]} ${bad ? styles["bad"] : ""}`} title="Open these calls">
      {text}
    </Link>
  );
}
