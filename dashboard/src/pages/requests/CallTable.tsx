import { Link, useNavigate } from "@tanstack/react-router";
import type { CallRow } from "@/api/requests";
import { FilterLink, Status, Tag, Time } from "@/components/Bits";
import { DataTable, type Column, type Sort } from "@/components/DataTable";
import { Empty } from "@/components/States";
import { ABSENT, count, duration, money } from "@/format/numbers";
import { useScope, writeScope } from "@/state/search";
import styles from "./CallTable.module.css";

interface Props {
  rows: CallRow[];
  sort: Sort | undefined;
  onSort: (sort: Sort) => void;
  onEnd: () => void;
  more: boolean;
}

/** The list of calls. Each row is a link to its call. */
export function CallTable({ rows, sort, onSort, onEnd, more }: Props) {
  const [scope] = useScope();
  const navigate = useNavigate();
  const search = writeScope(scope) as never;
  if (!rows.length) {
    return (
      <Empty title={scope.q ? "No call matches" : "No calls in this range"}>
        {scope.q ? "Take a condition out of the filter, or choose a longer range." : "Choose a longer range. Calls show up about a second after they ended."}
      </Empty>
    );
  }
  return (
    <DataTable
      label="Requests"
      columns={columnsFor(Math.max(...rows.map((row) => row.latency_ms ?? 0)))}
      rows={rows}
      rowKey={(row) => row.id}
      sort={sort ?? { column: "start", direction: "desc" }}
      onSort={onSort}
      tone={(row) => (row.status === 429 || row.status === 499 ? "warn" : isFailed(row) ? "bad" : undefined)}
      rowLink={(row) => <Link data-row-link to={"/requests/$id" as string} params={{ id: row.id } as never} search={search} aria-label={`Request ${row.id}`} />}
      onOpen={(row) => void navigate({ to: "/requests/$id" as string, params: { id: row.id } as never, search })}
      onEnd={onEnd}
      footer={more ? "Loading more …" : `${count(rows.length)} calls, all of this filter`}
    />
  );
}

function isFailed(row: CallRow): boolean {
  return row.status >= 400 || row.outcome !== "success" || row.error !== "";
}

function columnsFor(slowest: number): Column<CallRow>[] {
  return [
    { id: "start", header: "Time", width: "118px", sort: "start", cell: (row) => <Time at={row.start} /> },
    { id: "status", header: "Status", width: "64px", sort: "status", cell: (row) => <Status code={row.status} outcome={row.outcome} /> },
    {
      id: "model",
      header: "Model",
      width: "minmax(120px, 200px)",
      cell: (row) => (
        <>
          <FilterLink column="model" value={row.model || row.model_asked}>
            {row.model || row.model_asked || ABSENT}
          </FilterLink>{" "}
          <span className="dim">{row.provider}</span>
        </>
      ),
    },
    {
      id: "prompt",
      header: "Prompt",
      width: "minmax(180px, 1fr)",
      cell: (row) =>
        isFailed(row) ? (
          <span className={row.status === 429 || row.status === 499 ? styles["warn"] : styles["bad"]}>{[row.error, row.error_message].filter(Boolean).join(": ") || row.outcome}</span>
        ) : (
          <span className={styles["second"]}>{row.request_preview || row.request_name || ABSENT}</span>
        ),
    },
    { id: "bar", header: <LatencyHeader />, width: "110px", cell: (row) => <LatencyBar row={row} slowest={slowest} /> },
    { id: "latency", header: "Latency", width: "84px", numeric: true, sort: "latency_ms", cell: (row) => duration(row.latency_ms) },
    {
      id: "tokens",
      header: "Tokens in → out",
      width: "124px",
      numeric: true,
      sort: "tokens",
      cell: (row) => (row.input_tokens == null && row.output_tokens == null ? <span className="dim">{ABSENT}</span> : <span className={styles["second"]}>{`${count(row.input_tokens)} → ${count(row.output_tokens)}`}</span>),
    },
    { id: "cost", header: "Cost", width: "104px", numeric: true, sort: "cost", cell: (row) => <Cost row={row} /> },
    { id: "user", header: "User", width: "96px", cell: (row) => (row.user_id ? <FilterLink column="user" value={row.user_id} /> : <span className="dim">{ABSENT}</span>) },
    {
      id: "properties",
      header: "Properties",
      width: "minmax(120px, 190px)",
      cell: (row) => (
        <>
          {row.cached && <Tag tone="ok">cached</Tag>}
          {row.attempt_count > 1 && <Tag tone="warn">{row.attempt_count} attempts</Tag>}
          {Object.entries(row.properties).map(([name, value]) => (
            <FilterLink key={name} column={`property.${name}`} value={value}>
              <Tag>{value}</Tag>
            </FilterLink>
          ))}
        </>
      ),
    },
  ];
}

function Cost({ row }: { row: CallRow }) {
  if (row.cached) return <span className={styles["free"]}>$0</span>;
  if (row.cost == null && isFailed(row)) return <span className="dim">{ABSENT}</span>;
  return <span title={row.cost == null ? "The cost is not known: open the call to see why" : undefined}>{money(row.cost)}</span>;
}

function LatencyHeader() {
  return (
    <span className={styles["key"]}>
      <i /> first token
    </span>
  );
}

function LatencyBar({ row, slowest }: { row: CallRow; slowest: number }) {
  if (row.latency_ms == null || !slowest) return null;
  const whole = Math.max(2, (row.latency_ms / slowest) * 100);
  return (
    <span className={styles["bar"]} style={{ width: `${whole}%` }}>
      <i style={{ width: `${row.ttft_ms == null ? 0 : (row.ttft_ms / row.latency_ms) * 100}%` }} />
    </span>
  );
}
