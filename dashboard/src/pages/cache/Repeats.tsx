import { Link, useNavigate } from "@tanstack/react-router";
import { figure, useMetrics, type Group } from "@/api/metrics";
import { FilterLink } from "@/components/Bits";
import { DataTable, type Column } from "@/components/DataTable";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { TwoLines } from "@/components/TwoLines";
import { ABSENT, count, money } from "@/format/numbers";
import { addCondition, joinCondition, useScope, writeScope } from "@/state/search";

/** Prompts that were sent again and again to a provider. The log knows how a prompt begins, not whether bodies are equal. */
export function Repeats() {
  const [scope] = useScope();
  const navigate = useNavigate();
  const q = joinCondition(joinCondition(scope.q, "cached:false"), "failed:false");
  const query = useMetrics({ filter: q, measures: ["calls", "cost", "cache_lookups"], dimensions: ["request_preview", "model"], top: { n: 30, by: "calls" } });
  const repeated = query.data?.groups.filter((group) => group.key["request_preview"] && (figure(group.totals, "calls") ?? 0) > 1).slice(0, 10) ?? [];
  const calls = (group: Group) => {
    const model = String(group.key["model"] ?? "");
    const filter = addCondition(model ? addCondition(q, "model", model) : q, "request_preview", prompt(group));
    return { to: "/requests" as string, search: writeScope({ ...scope, q: filter }) as never };
  };
  return (
    <Panel title="Sent again and again" sub="prompts with the same first 200 characters; the rest of the request may differ" flush>
      <Loaded query={query} skeleton={<RowsSkeleton rows={5} />}>
        {() =>
          repeated.length ? (
            <DataTable
              label="Sent again and again"
              columns={COLUMNS}
              rows={repeated}
              rowKey={(group) => JSON.stringify(group.key)}
              rowLink={(group) => <Link data-row-link {...calls(group)} aria-label={`Calls with: ${prompt(group)}`} />}
              onOpen={(group) => void navigate(calls(group))}
              compact={(group) => <TwoLines name={prompt(group)} figure={`sent ${count(figure(group.totals, "calls"))} times`} about={String(group.key["model"] ?? "")} more={`up to ${money(savable(group))} saved`} />}
            />
          ) : (
            <Empty title="No prompt was sent twice in this range" />
          )
        }
      </Loaded>
    </Panel>
  );
}

const prompt = (group: Group) => String(group.key["request_preview"]);

/** The cost of all but the first call, which a cache could have answered if the whole requests are equal. */
function savable(group: Group): number | null {
  const cost = figure(group.totals, "cost");
  const calls = figure(group.totals, "calls") ?? 0;
  return cost === null || !calls ? null : (cost * (calls - 1)) / calls;
}

const COLUMNS: Column<Group>[] = [
  { id: "prompt", header: "Prompt", width: "minmax(240px, 1fr)", cell: (group) => <span title={prompt(group)}>{prompt(group)}</span> },
  { id: "model", header: "Model", width: "minmax(120px, 220px)", cell: (group) => (group.key["model"] ? <FilterLink column="model" value={String(group.key["model"])} /> : ABSENT) },
  { id: "sent", header: "Sent", width: "80px", numeric: true, cell: (group) => count(figure(group.totals, "calls")) },
  { id: "asked", header: "Asked the cache", width: "124px", numeric: true, cell: (group) => count(figure(group.totals, "cache_lookups")) },
  { id: "cost", header: "Cost", width: "120px", numeric: true, cell: (group) => money(figure(group.totals, "cost")) },
  { id: "savable", header: <span title="All but the first, if the whole requests are equal">Could be saved</span>, width: "120px", numeric: true, cell: (group) => money(savable(group)) },
];
