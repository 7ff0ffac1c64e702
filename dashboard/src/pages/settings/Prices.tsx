import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { usePriceTable } from "@/api/prices";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { FilterLink } from "@/components/Bits";
import { count, perMillion } from "@/format/numbers";
import { useScope } from "@/state/search";
import { OwnPrices } from "./OwnPrices";
import { Repricing } from "./Repricing";
import styles from "./Settings.module.css";

/** Own prices, the built-in table, and pricing calls again. */
export function Prices() {
  return (
    <>
      <OwnPrices />
      <Repricing />
      <BuiltIn />
    </>
  );
}

function BuiltIn() {
  const [scope, setScope] = useScope();
  const search = String(scope["search"] ?? "");
  const [asked] = useDebouncedValue(search, 150);
  const query = usePriceTable(asked);
  return (
    <Panel title="Built-in prices" sub={query.data ? `${count(query.data.found)} models that fit, ${query.data.source}; US dollars a million tokens` : ""} flush>
      <div style={{ padding: "12px 16px" }}>
        <TextInput aria-label="Search prices" placeholder="claude haiku, gpt-4o, groq llama" value={search} onChange={(event) => setScope({ search: event.currentTarget.value }, true)} maw={360} />
      </div>
      <Loaded query={query} skeleton={<RowsSkeleton rows={8} />}>
        {({ data, found }) =>
          data.length ? (
            <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Built-in prices">
              <table className={styles["table"]}>
                <thead>
                  <tr>
                    <th>Model</th>
                    <th>Provider</th>
                    <th data-numeric>Input</th>
                    <th data-numeric>Cached input</th>
                    <th data-numeric>Cache write</th>
                    <th data-numeric>Output</th>
                    <th data-numeric>Context</th>
                  </tr>
                </thead>
                <tbody>
                  {data.map((row) => (
                    <tr key={`${row.provider} ${row.model}`}>
                      <td>
                        <FilterLink column="model" value={row.model} to="/requests" />
                        {row.stepped && <span className="dim"> more for long prompts</span>}
                      </td>
                      <td>{row.provider}</td>
                      <td data-numeric>{rate(row.input)}</td>
                      <td data-numeric>{rate(row.cached_input)}</td>
                      <td data-numeric>{rate(row.cache_write)}</td>
                      <td data-numeric>{rate(row.output)}</td>
                      <td data-numeric>{row.context_tokens ? count(row.context_tokens) : "–"}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {found > data.length && (
                <p className="dim" style={{ margin: "12px 16px" }}>
                  {count(found - data.length)} more: type words to find them.
                </p>
              )}
            </div>
          ) : (
            <Empty title="No built-in price fits">Set an own price for this model above; calls without a price show their cost as ?.</Empty>
          )
        }
      </Loaded>
    </Panel>
  );
}

function rate(dollars: number | null): string {
  return dollars === null ? "–" : perMillion(dollars);
}
