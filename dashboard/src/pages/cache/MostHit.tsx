import { Link, useNavigate } from "@tanstack/react-router";
import { figure, useMetrics, type Group } from "@/api/metrics";
import { FilterLink } from "@/components/Bits";
import { DataTable, type Column } from "@/components/DataTable";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { TwoLines } from "@/components/TwoLines";
import { ABSENT, count, duration, money } from "@/format/numbers";
import { addCondition, joinCondition, useScope, writeScope } from "@/state/search";
import styles from "./Tables.module.css";

/** The stored answers that were served most often. A row opens the call that filled the entry, its hits the calls that got it. */
export function MostHit() {
  const [scope] = useScope();
  const navigate = useNavigate();
  const q = joinCondition(scope.q, "cached:true");
  const query = useMetrics({ filter: q, measures: ["cache_hits", "saved_cost", "saved_time"], dimensions: ["cache_source", "model", "request_preview"], top: { n: 10, by: "cache_hits" } });
  return (
    <Panel title="Most served entries" sub="each leads to the call that filled it" flush>
      <Loaded query={query} skeleton={<RowsSkeleton rows={5} />}>
        {(answer) =>
          answer.groups.length ? (
            <DataTable
              label="Most served entries"
              columns={COLUMNS}
              rows={answer.groups}
              rowKey={(group) => JSON.stringify(group.key)}
              rowLink={(group) => source(group) && <Link data-row-link to={"/requests/$id" as string} params={{ id: source(group) } as never} aria-label={`The call that answered: ${prompt(group)}`} />}
              onOpen={(group) => source(group) && void navigate({ to: "/requests/$id" as string, params: { id: source(group) } as never })}
              compact={(group) => <TwoLines name={prompt(group)} figure={<Hits group={group} words />} about={String(group.key["model"] ?? "")} more={`${money(figure(group.totals, "saved_cost"))} saved`} />}
            />
          ) : (
            <Empty title="No hits in this range" />
          )
        }
      </Loaded>
    </Panel>
  );
}

const source = (group: Group) => String(group.key["cache_source"] ?? "");
const prompt = (group: Group) => String(group.key["request_preview"] ?? "") || "no text";

const COLUMNS: Column<Group>[] = [
  { id: "prompt", header: "Prompt", width: "minmax(240px, 1fr)", cell: (group) => <span title={prompt(group)}>{prompt(group)}</span> },
  { id: "model", header: "Model", width: "minmax(120px, 220px)", cell: (group) => (group.key["model"] ? <FilterLink column="model" value={String(group.key["model"])} /> : ABSENT) },
  { id: "hits", header: "Hits", width: "80px", numeric: true, cell: (group) => <Hits group={group} /> },
  { id: "saved", header: "Saved", width: "120px", numeric: true, cell: (group) => money(figure(group.totals, "saved_cost")) },
  { id: "time", header: "Time saved", width: "110px", numeric: true, cell: (group) => duration(figure(group.totals, "saved_time")) },
];

function Hits({ group, words = false }: { group: Group; words?: boolean }) {
  const [scope] = useScope();
  const hits = figure(group.totals, "cache_hits");
  const shown = words ? `${count(hits)} ${hits === 1 ? "hit" : "hits"}` : count(hits);
  if (!source(group)) return <>{shown}</>;
  const q = addCondition(joinCondition(scope.q, "cached:true"), "cache_source", source(group));
  return (
    <Link to={"/requests" as string} search={writeScope({ ...scope, q }) as never} className={styles["count"]!} title="The calls that got it">
      {shown}
    </Link>
  );
}
