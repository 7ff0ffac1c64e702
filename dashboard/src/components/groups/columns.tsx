import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Previous } from "@/api/groups";
import { Time } from "@/components/Bits";
import type { Column, Sort } from "@/components/DataTable";
import { ABSENT, change, count, duration, money, percent, shortCount } from "@/format/numbers";
import { joinCondition, writeScope, type Scope } from "@/state/search";
import styles from "./groups.module.css";
import { SparkBars } from "./SparkBars";

/** Figures that rows of groups may have. */
export interface Figures {
  calls: number;
  errors?: number;
  error_rate?: number;
  cost?: number | null;
  avg_cost?: number | null;
  unknown_cost_calls?: number;
  input_tokens?: number;
  output_tokens?: number;
  tokens?: number;
  latency_p50?: number | null;
  latency_p95?: number | null;
  latency_p99?: number | null;
  users?: number | string[];
  sessions?: number;
  first_seen: string;
  last_seen: string;
  spark?: number[];
  error_spark?: number[];
  previous?: Previous | null;
}

export interface Around<Row> {
  rows: Row[];
  sort: Sort;
  scope: Scope & Record<string, unknown>;
  /** The condition that picks the calls of a row. */
  filterOf: (row: Row) => string;
}

/** A column of a figure by its name. Each figure opens the calls behind it. */
export function figureColumn<Row extends Figures>(name: FigureName, around: Around<Row>): Column<Row> {
  return COLUMNS[name](around as unknown as Around<Figures>) as unknown as Column<Row>;
}

export type FigureName = "calls" | "cost" | "avg_cost" | "tokens" | "in_out" | "p50" | "p95" | "p99" | "errors" | "users" | "sessions" | "last_seen" | "spark" | "bad_spark" | "change";

type Maker = (around: Around<Figures>) => Column<Figures>;

const COLUMNS: Record<FigureName, Maker> = {
  calls: (around) => ({ id: "calls", header: "Calls", width: "68px", numeric: true, sort: "calls", cell: (row) => <Calls around={around} row={row}>{count(row.calls)}</Calls> }),
  cost: (around) => {
    const top = Math.max(...around.rows.map((row) => row.cost ?? 0));
    return {
      id: "cost", header: "Cost", width: "minmax(122px, 152px)", numeric: true, sort: "cost",
      cell: (row) => (
        <span className={styles["barred"]}>
          <i style={{ width: `${top ? ((row.cost ?? 0) / top) * 100 : 0}%` }} aria-hidden="true" />
          <Calls around={around} row={row} sort="-cost" title={row.unknown_cost_calls ? `${count(row.unknown_cost_calls)} calls without a known cost are left out` : undefined}>
            {row.cost == null && !row.unknown_cost_calls ? ABSENT : money(row.cost)}
          </Calls>
        </span>
      ),
    };
  },
  avg_cost: () => ({ id: "avg_cost", header: "Per 1k calls", width: "88px", numeric: true, sort: "avg_cost", wide: true, cell: (row) => (row.avg_cost == null ? dim(ABSENT) : money(row.avg_cost * 1000)) }),
  tokens: (around) => ({
    id: "tokens", header: "Tokens", width: "84px", numeric: true, sort: "tokens", wide: true,
    cell: (row) => <Calls around={around} row={row} sort="-tokens" title={`${count(row.input_tokens)} in, ${count(row.output_tokens)} out`}>{shortCount(row.tokens)}</Calls>,
  }),
  in_out: (around) => ({
    id: "in_out", header: "Tokens in → out", width: "112px", numeric: true, sort: "tokens", wide: true,
    cell: (row) => <Calls around={around} row={row} sort="-tokens" title={`${count(row.input_tokens)} in, ${count(row.output_tokens)} out`}>{`${shortCount(row.input_tokens)} → ${shortCount(row.output_tokens)}`}</Calls>,
  }),
  p50: () => ({ id: "p50", header: "P50", width: "78px", numeric: true, sort: "latency_p50", wide: true, cell: (row) => duration(row.latency_p50) }),
  p95: (around) => ({ id: "p95", header: "P95", width: "76px", numeric: true, sort: "latency_p95", cell: (row) => <Calls around={around} row={row} sort="-latency_ms">{duration(row.latency_p95)}</Calls> }),
  p99: () => ({ id: "p99", header: "P99", width: "78px", numeric: true, sort: "latency_p99", wide: true, cell: (row) => duration(row.latency_p99) }),
  errors: (around) => ({
    id: "errors", header: "Errors", width: "70px", numeric: true, sort: "error_rate",
    cell: (row) =>
      row.errors ? (
        <Calls around={around} row={row} more="failed:true" title={`${count(row.errors)} of ${count(row.calls)} calls failed`}>
          <span className={styles["bad"]}>{percent(row.error_rate)}</span>
        </Calls>
      ) : (
        dim("0 %")
      ),
  }),
  users: () => ({ id: "users", header: "Users", width: "68px", numeric: true, sort: "users", wide: true, cell: (row) => count(row.users as number) }),
  sessions: () => ({ id: "sessions", header: "Sessions", width: "80px", numeric: true, sort: "sessions", wide: true, cell: (row) => count(row.sessions) }),
  last_seen: () => ({ id: "last_seen", header: "Last seen", width: "96px", numeric: true, sort: "last_seen", wide: true, cell: (row) => <span className={styles["second"]}><Time at={row.last_seen} relative /></span> }),
  spark: () => ({
    id: "spark", header: "Calls over time", width: "124px", wide: true,
    cell: (row) => <SparkBars values={row.spark ?? []} errors={row.error_spark ?? []} label={`${count(row.calls)} calls, ${count(row.errors)} failed`} />,
  }),
  bad_spark: () => ({
    id: "spark", header: "Calls over time", width: "124px", wide: true,
    cell: (row) => <SparkBars values={row.spark ?? []} errors={row.spark ?? []} label={`${count(row.calls)} failed calls`} />,
  }),
  change: ({ sort }) => {
    const figure = CHANGES[sort.column] ?? "calls";
    return {
      id: "change", header: <span title={`${WORDS[figure]}, against the period before`}>Change</span>, width: "74px", numeric: true,
      cell: (row) => <Change figure={figure} row={row} />,
    };
  },
};

const CHANGES: Record<string, keyof Previous> = { calls: "calls", cost: "cost", avg_cost: "cost", tokens: "tokens", errors: "errors", error_rate: "errors", latency_p95: "latency_p95", latency_p50: "latency_p95", latency_p99: "latency_p95" };
const WORDS: Record<keyof Previous, string> = { calls: "Calls", cost: "Cost", tokens: "Tokens", errors: "Failed calls", error_rate: "Error rate", latency_p95: "P95 latency" };

/** How much the figure that the list is sorted by is above the period before. Without a tone: a column of red says nothing. */
function Change({ figure, row }: { figure: keyof Previous; row: Figures }) {
  const now = row[figure as keyof Figures] as number | null | undefined;
  const text = row.previous ? change(now, row.previous[figure]) : "new";
  return (
    <span className="dim" title={row.previous ? `${WORDS[figure]} before: ${shown(figure, row.previous[figure])}` : "No call in the period before"}>
      {text || ABSENT}
    </span>
  );
}

function shown(figure: keyof Previous, value: number | null | undefined): string {
  return figure === "cost" ? money(value) : figure === "latency_p95" ? duration(value) : count(value);
}

function dim(text: string): ReactNode {
  return <span className="dim">{text}</span>;
}

/** A figure that opens the calls of its row in the explorer. */
function Calls<Row>({ around, row, sort, more, title, children }: { around: Around<Row>; row: Row; sort?: string; more?: string; title?: string | undefined; children: ReactNode }) {
  const { q, since, until, zone } = around.scope;
  const filter = joinCondition(joinCondition(q, around.filterOf(row)), more ?? "");
  return (
    <Link to={"/requests" as string} search={writeScope({ q: filter, since, until, zone, sort }) as never} className={styles["calls"]!} title={title}>
      {children}
    </Link>
  );
}
