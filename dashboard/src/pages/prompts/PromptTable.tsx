import { Link, useNavigate } from "@tanstack/react-router";
import { Time } from "@/components/Bits";
import { DataTable, type Column, type Sort } from "@/components/DataTable";
import { TwoLines } from "@/components/TwoLines";
import { ABSENT, count, duration, money, percent, shortCount } from "@/format/numbers";
import { addCondition, useScope, writeScope } from "@/state/search";
import { Environments, inOrder } from "./Environments";
import type { PromptRow } from "./promptRows";
import styles from "./PromptTable.module.css";

interface Props {
  rows: PromptRow[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  footer: string;
  /** Whether the figures are on their way. */
  isLoading: boolean;
}

/** Prompts with what they did in the time range. A row opens its prompt, a figure its calls. */
export function PromptTable({ rows, sort, onSort, footer, isLoading }: Props) {
  const [scope] = useScope();
  const navigate = useNavigate();
  const kept = writeScope({ since: scope.since, until: scope.until, zone: scope.zone, q: scope.q }) as never;
  return (
    <DataTable
      label="Prompts"
      columns={isLoading ? WAITING : COLUMNS}
      rows={rows}
      rowKey={(row) => row.id}
      sort={sort}
      onSort={onSort}
      rowLink={(row) => <Link data-row-link to={"/prompts/$id" as string} params={{ id: row.id } as never} search={kept} aria-label={`Prompt ${row.id}`} />}
      onOpen={(row) => void navigate({ to: "/prompts/$id" as string, params: { id: row.id } as never, search: kept })}
      compact={(row) => (
        <TwoLines
          name={
            <>
              <strong className={styles["name"]}>{row.name || row.id}</strong> <span className="dim">v{row.newest}</span>
            </>
          }
          figure={row.calls ? money(row.cost) : ABSENT}
          about={inOrder(row.labels).map(([label, version]) => `${label} v${version}`).join(", ") || "no environment"}
          more={row.calls ? `${shortCount(row.calls)} calls` : "no calls"}
        />
      )}
      footer={footer}
    />
  );
}

const none = <span className="dim">{ABSENT}</span>;

const COLUMNS: Column<PromptRow>[] = [
  {
    id: "name",
    header: "Prompt",
    width: "minmax(180px, 1.4fr)",
    sort: "name",
    cell: (row) => (
      <>
        <strong className={styles["name"]}>{row.name || row.id}</strong> {row.name && <span className={styles["id"]}>{row.id}</span>}
      </>
    ),
  },
  { id: "newest", header: "Version", width: "76px", numeric: true, sort: "newest", cell: (row) => `v${row.newest}` },
  { id: "environments", header: "Environments", width: "minmax(200px, 1fr)", cell: (row) => <Environments id={row.id} labels={row.labels} /> },
  { id: "calls", header: "Calls", width: "84px", numeric: true, sort: "calls", cell: (row) => (row.calls ? <Calls row={row}>{count(row.calls)}</Calls> : none) },
  { id: "cost", header: "Cost", width: "104px", numeric: true, sort: "cost", cell: (row) => (row.calls ? <Calls row={row}>{money(row.cost)}</Calls> : none) },
  { id: "p95", header: "P95 latency", width: "96px", numeric: true, sort: "p95", cell: (row) => (row.p95 == null ? none : duration(row.p95)) },
  {
    id: "errors",
    header: "Errors",
    width: "84px",
    numeric: true,
    sort: "error_rate",
    cell: (row) =>
      row.calls ? (
        <Calls row={row} filter="failed:true">
          <span className={row.errors ? styles["bad"] : undefined}>{percent(row.errors / row.calls)}</span>
        </Calls>
      ) : (
        none
      ),
  },
  { id: "used", header: "Last used", width: "132px", numeric: true, sort: "last_used", cell: (row) => (row.lastUsed ? <Time at={row.lastUsed} relative /> : none) },
];

const FIGURES = ["calls", "cost", "p95", "errors", "used"];
const WAITING = COLUMNS.map((column) => (FIGURES.includes(column.id) ? { ...column, cell: () => <span className="dim">…</span> } : column));

function Calls({ row, filter = "", children }: { row: PromptRow; filter?: string; children: React.ReactNode }) {
  const [scope] = useScope();
  const q = `${addCondition(scope.q, "prompt", row.id)} ${filter}`.trim();
  return (
    <Link to="/requests" search={writeScope({ ...scope, sort: "", find: "", archived: "", q }) as never} className={styles["calls"]!} title="Open these calls">
      {children}
    </Link>
  );
}
