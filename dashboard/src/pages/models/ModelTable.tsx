import { Checkbox } from "@mantine/core";
import type { useGroups, GroupRows } from "@/api/groups";
import type { Column, Sort } from "@/components/DataTable";
import { GroupTable } from "@/components/groups/GroupTable";
import { ABSENT, count, duration, percent, shortCount } from "@/format/numbers";
import { joinCondition, useScope } from "@/state/search";
import styles from "./ModelTable.module.css";
import { conditionOf, isSame, toggled, writeChosen, type Model } from "./chosen";

type Row = GroupRows["models"];

/** The models; the box of a row puts it into the comparison. */
export function ModelTable({ query, sort, chosen }: { query: ReturnType<typeof useGroups<"models">>; sort: Sort; chosen: Model[] }) {
  const [scope, setScope] = useScope();
  const box: Column<Row> = {
    id: "compare", header: "", width: "32px",
    cell: (row) => (
      <span className={styles["box"]}>
        <Checkbox size="md" aria-label={`Compare ${row.model} of ${row.provider}`} checked={chosen.some((each) => isSame(each, row))} onChange={() => setScope({ compare: writeChosen(toggled(chosen, row)) }, true)} />
      </span>
    ),
  };
  return (
    <GroupTable<Row>
      label="Models"
      what="models"
      query={query}
      sort={sort}
      rowKey={(row) => `${row.provider} ${row.model}`}
      name={(row) => row.model}
      filterOf={conditionOf}
      columns={() => [
        box,
        {
          id: "model", header: "Model", width: "minmax(152px, 1fr)", sort: "model", filter: (row) => ({ column: "model", value: row.model }),
          cell: (row) => <span title={`${row.model}, ${row.provider}`}><b>{row.model}</b> <span className="dim">{row.provider}</span></span>,
        },
      ]}
      figures={["calls", "cost", "change", "avg_cost", "in_out"]}
      more={[
        { id: "cached", header: <span title="Share of the input that was read from the provider's cache">Cached</span>, width: "66px", numeric: true, sort: "cached_input_tokens", cell: (row) => (row.cached_input_tokens ? <span title={`${count(row.cached_input_tokens)} tokens`}>{percent(row.cached_input_tokens / row.input_tokens)}</span> : <span className="dim">0 %</span>) },
        { id: "p95", header: <span title="P95 of the latency">P95</span>, width: "76px", numeric: true, sort: "latency_p95", cell: (row) => <span title={`P50 ${duration(row.latency_p50)}, P99 ${duration(row.latency_p99)}`}>{duration(row.latency_p95)}</span> },
        { id: "ttft", header: <span title="P95 of the time to the first token">First token</span>, width: "90px", numeric: true, sort: "ttft_p95", cell: (row) => <span title={`P50 ${duration(row.ttft_p50)}`}>{duration(row.ttft_p95)}</span> },
        { id: "speed", header: "Tokens/s", width: "80px", numeric: true, sort: "tokens_per_second", cell: (row) => (row.tokens_per_second == null ? <span className="dim">{ABSENT}</span> : shortCount(Math.round(row.tokens_per_second))) },
      ]}
      last={["errors"]}
      target={(row) => ({ to: "/requests", search: { q: joinCondition(scope.q, conditionOf(row)), since: scope.since, until: scope.until, zone: scope.zone } })}
      empty={{ list: "models", what: "models", first: { title: "No call names a model yet", text: "Models show up with the first call that goes through the gateway." } }}
    />
  );
}
