import { Link, useNavigate } from "@tanstack/react-router";
import { useStandings } from "@/api/counted";
import { FilterLink, Tag, Time } from "@/components/Bits";
import { DataTable, type Column } from "@/components/DataTable";
import { Meter } from "@/components/Meter";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { TwoLines } from "@/components/TwoLines";
import { ABSENT, percent } from "@/format/numbers";
import { amountOf, NEAR, wordsOf, type Standing } from "@/format/policies";
import { ahead } from "@/format/times";
import { addCondition, useScope, writeScope, type Scope } from "@/state/search";
import styles from "./Limits.module.css";

/** Who is over a limit, who is near one, and how far the others are: the nearest first. */
export function Standings() {
  const query = useStandings();
  return (
    <Panel title="Who is near a limit" sub="now; of a call with several limits, the tightest" flush>
      <Loaded query={query} skeleton={<RowsSkeleton rows={6} />}>
        {(standings) =>
          standings.length ? <StandingTable standings={standings} /> : <Empty title="No limit counted a call in this range">Give a key or the organisation a limit in Settings, or send Helicone-RateLimit-Policy with a call.</Empty>
        }
      </Loaded>
    </Panel>
  );
}

function StandingTable({ standings }: { standings: Standing[] }) {
  const [scope, setScope] = useScope();
  const navigate = useNavigate();
  const free = standings.filter((each) => each.grade === "free").length;
  const all = scope["free"] === "1" || free === standings.length;
  const calls = (standing: Standing) => ({ to: "/requests" as string, search: writeScope({ ...scope, free: "", q: filterOf(standing, scope) }) as never });
  return (
    <DataTable
      label="Who is near a limit"
      columns={COLUMNS}
      rows={all ? standings : standings.filter((each) => each.grade !== "free")}
      rowKey={keyOf}
      tone={toneOf}
      rowLink={(standing) => <Link data-row-link {...calls(standing)} aria-label={`Calls of ${nameOf(standing)} that this limit counted`} />}
      onOpen={(standing) => void navigate(calls(standing))}
      compact={(standing) => <TwoLines name={nameOf(standing)} figure={<State standing={standing} />} about={wordsOf(standing.policy)} more={<Used standing={standing} />} />}
      footer={
        <div className={styles["foot"]}>
          What each newest call left. Windows roll: some of it may be there again before the time that stands here.
          {free > 0 && free < standings.length && (
            <button type="button" aria-pressed={all} onClick={() => setScope({ free: all ? "" : "1" }, true)}>
              {all ? `Hide the ${free} that are free again` : `Show ${free} more that are free again`}
            </button>
          )}
        </div>
      }
    />
  );
}

const keyOf = ({ policy, whose }: Standing) => `${policy.text} ${whose}`;
const columnOf = ({ policy }: Standing) => (policy.segment === "user" ? "user" : policy.segment ? `property.${policy.segment.toLowerCase()}` : "");
const nameOf = (standing: Standing) => standing.whose || (columnOf(standing) ? `no ${standing.policy.segment}` : "all calls");
const toneOf = ({ grade }: Standing) => (grade === "over" ? "bad" : grade === "near" ? "warn" : undefined);

/** The calls that count for this bucket. */
function filterOf(standing: Standing, scope: Scope): string {
  const q = addCondition(scope.q, "limit_policy", standing.policy.text);
  return columnOf(standing) && standing.whose ? addCondition(q, columnOf(standing), standing.whose) : q;
}

function State({ standing }: { standing: Standing }) {
  switch (standing.grade) {
    case "over":
      return <Tag tone="bad">over</Tag>;
    case "near":
      return <Tag tone="warn">{standing.left > 0 ? "near" : "used up"}</Tag>;
    case "below":
      return <Tag>below</Tag>;
    default:
      return <span className="dim">free again</span>;
  }
}

function Used({ standing }: { standing: Standing }) {
  return (
    <div className={styles["used"]}>
      <Meter used={standing.used} mark={NEAR} tone={toneOf(standing)} label={`Used by ${nameOf(standing)}`} />
      <span className="num">{percent(standing.used)}</span>
    </div>
  );
}

const COLUMNS: Column<Standing>[] = [
  { id: "state", header: "State", width: "92px", cell: (row) => <State standing={row} /> },
  { id: "who", header: "Who", width: "minmax(140px, 1fr)", cell: (row) => (columnOf(row) && row.whose ? <FilterLink column={columnOf(row)} value={row.whose} /> : <span className="dim">{nameOf(row)}</span>) },
  { id: "limit", header: "Limit", width: "minmax(190px, 1.2fr)", cell: (row) => <span title={row.policy.text}>{wordsOf(row.policy)}</span> },
  {
    id: "used", header: "Used", width: "minmax(200px, 1.2fr)",
    cell: (row) => <Used standing={row} />,
  },
  { id: "left", header: "Left", width: "120px", numeric: true, cell: (row) => (row.grade === "free" ? amountOf(row.policy.limit, row.policy.unit) : amountOf(row.left, row.policy.unit)) },
  { id: "free", header: <span title="When all of it is there again, if no call comes">All free</span>, width: "104px", numeric: true, cell: (row) => (row.grade === "free" ? ABSENT : <span className="dim">{ahead(new Date(row.freeAt))}</span>) },
  {
    id: "last", header: "Last call", width: "104px", numeric: true,
    cell: (row) => (
      <Link to={"/requests/$id" as string} params={{ id: row.id } as never} className={styles["call"]!}>
        <Time at={row.at} relative />
      </Link>
    ),
  },
];
