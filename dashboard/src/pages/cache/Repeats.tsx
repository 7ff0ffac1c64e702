import { Link } from "@tanstack/react-router";
import { figure, useMetrics } from "@/api/metrics";
import { FilterLink } from "@/components/Bits";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { count, money } from "@/format/numbers";
import { addCondition, joinCondition, useScope, writeScope } from "@/state/search";
import styles from "./Table.module.css";

/** Prompts that were sent again and again to a provider. The log knows how a prompt begins, not whether bodies are equal. */
export function Repeats() {
  const [scope] = useScope();
  const q = joinCondition(joinCondition(scope.q, "cached:false"), "failed:false");
  const query = useMetrics({ filter: q, measures: ["calls", "cost", "cache_lookups"], dimensions: ["request_preview", "model"], top: { n: 30, by: "calls" } });
  const repeated = query.data?.groups.filter((group) => group.key["request_preview"] && (figure(group.totals, "calls") ?? 0) > 1).slice(0, 10) ?? [];
  return (
    <Panel title="Sent again and again" sub="prompts with the same first 200 characters; the rest of the request may differ" flush>
      <Loaded query={query} skeleton={<RowsSkeleton rows={5} />}>
        {() =>
          repeated.length ? (
            <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Sent again and again">
              <table className={styles["table"]}>
                <thead>
                  <tr>
                    <th>Prompt</th>
                    <th>Model</th>
                    <th data-numeric>Sent</th>
                    <th data-numeric>Asked the cache</th>
                    <th data-numeric>Cost</th>
                    <th data-numeric title="All but the first, if the whole requests are equal">
                      At most saved
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {repeated.map((group) => {
                    const shown = String(group.key["request_preview"]);
                    const model = String(group.key["model"] ?? "");
                    const calls = figure(group.totals, "calls") ?? 0;
                    const cost = figure(group.totals, "cost");
                    const filter = addCondition(model ? addCondition(q, "model", model) : q, "request_preview", shown);
                    return (
                      <tr key={`${model} ${shown}`}>
                        <td className={styles["text"]}>
                          <Link to={"/requests" as string} search={writeScope({ ...scope, q: filter }) as never}>
                            {shown}
                          </Link>
                        </td>
                        <td>{model ? <FilterLink column="model" value={model} /> : "–"}</td>
                        <td data-numeric>{count(calls)}</td>
                        <td data-numeric>{count(figure(group.totals, "cache_lookups"))}</td>
                        <td data-numeric>{money(cost)}</td>
                        <td data-numeric>{money(cost === null ? null : (cost * (calls - 1)) / calls)}</td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
          ) : (
            <Empty title="No prompt was sent twice in this range" />
          )
        }
      </Loaded>
    </Panel>
  );
}
