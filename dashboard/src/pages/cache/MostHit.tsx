import { Link } from "@tanstack/react-router";
import { figure, useMetrics } from "@/api/metrics";
import { FilterLink } from "@/components/Bits";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { count, duration, money } from "@/format/numbers";
import { addCondition, joinCondition, useScope, writeScope } from "@/state/search";
import styles from "./Table.module.css";

/** The stored answers that were served most often. */
export function MostHit() {
  const [scope] = useScope();
  const q = joinCondition(scope.q, "cached:true");
  const query = useMetrics({ filter: q, measures: ["cache_hits", "saved_cost", "saved_time"], dimensions: ["cache_source", "model", "request_preview"], top: { n: 10, by: "cache_hits" } });
  return (
    <Panel title="Most served entries" sub="each leads to the call that filled it" flush>
      <Loaded query={query} skeleton={<RowsSkeleton rows={5} />}>
        {(answer) =>
          answer.groups.length ? (
            <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Most served entries">
              <table className={styles["table"]}>
                <thead>
                  <tr>
                    <th>Prompt</th>
                    <th>Model</th>
                    <th data-numeric>Hits</th>
                    <th data-numeric>Saved</th>
                    <th data-numeric>Time saved</th>
                  </tr>
                </thead>
                <tbody>
                  {answer.groups.map((group) => {
                    const source = String(group.key["cache_source"] ?? "");
                    const model = String(group.key["model"] ?? "");
                    const shown = String(group.key["request_preview"] ?? "") || "no text";
                    return (
                      <tr key={`${source} ${model} ${shown}`}>
                        <td className={styles["text"]}>
                          {source ? (
                            <Link to={"/requests/$id" as string} params={{ id: source } as never}>
                              {shown}
                            </Link>
                          ) : (
                            shown
                          )}
                        </td>
                        <td>{model ? <FilterLink column="model" value={model} /> : "–"}</td>
                        <td data-numeric>
                          {source ? (
                            <Link to={"/requests" as string} search={writeScope({ ...scope, q: addCondition(q, "cache_source", source) }) as never}>
                              {count(figure(group.totals, "cache_hits"))}
                            </Link>
                          ) : (
                            count(figure(group.totals, "cache_hits"))
                          )}
                        </td>
                        <td data-numeric>{money(figure(group.totals, "saved_cost"))}</td>
                        <td data-numeric>{duration(figure(group.totals, "saved_time"))}</td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
          ) : (
            <Empty title="No hits in this range" />
          )
        }
      </Loaded>
    </Panel>
  );
}
