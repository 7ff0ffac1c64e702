import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { usePriceTable, type BuiltInPrice } from "@/api/prices";
import { FilterLink } from "@/components/Bits";
import { DataTable, type Column } from "@/components/DataTable";
import { Icon } from "@/components/Icon";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { TwoLines } from "@/components/TwoLines";
import { ABSENT, count, perMillion, shortCount } from "@/format/numbers";
import { useScope } from "@/state/search";
import styles from "./Settings.module.css";

/** The prices that come with the program, found by words. */
export function BuiltInPrices() {
  const [scope, setScope] = useScope();
  const search = String(scope["search"] ?? "");
  const [asked] = useDebouncedValue(search, 150);
  const query = usePriceTable(asked);
  const found = query.data?.found ?? 0;
  return (
    <Panel title="Built-in prices" sub={query.data ? `US dollars a million tokens; ${query.data.source}` : ""} flush>
      <div className={styles["above"]}>
        <TextInput aria-label="Search prices" placeholder="Search models and providers" leftSection={<Icon name="search" size={14} />} value={search} onChange={(event) => setScope({ search: event.currentTarget.value }, true)} w={320} maw="100%" />
        {query.data && (
          <span className="dim num">
            {count(found)} {found === 1 ? "model" : "models"}
          </span>
        )}
      </div>
      <Loaded query={query} skeleton={<RowsSkeleton rows={8} />}>
        {({ data }) =>
          data.length ? (
            <DataTable
              label="Built-in prices"
              columns={COLUMNS}
              rows={data}
              rowKey={(row) => `${row.provider} ${row.model}`}
              compact={(row) => <TwoLines name={<Model row={row} />} figure={`${rate(row.input)} → ${rate(row.output)}`} about={row.provider} more="input → output" />}
              footer={found > data.length ? `${count(found - data.length)} more: search to find them` : undefined}
            />
          ) : (
            <Empty title="No built-in price fits">Set an own price for this model above; calls without a price show their cost as ?.</Empty>
          )
        }
      </Loaded>
    </Panel>
  );
}

const rate = (dollars: number | null) => (dollars === null ? ABSENT : perMillion(dollars));

function Model({ row }: { row: BuiltInPrice }) {
  return (
    <>
      <FilterLink column="model" value={row.model} to="/requests" />
      {row.stepped && <span className="dim"> more for long prompts</span>}
    </>
  );
}

const COLUMNS: Column<BuiltInPrice>[] = [
  { id: "model", header: "Model", width: "minmax(200px, 1fr)", cell: (row) => <Model row={row} /> },
  { id: "provider", header: "Provider", width: "120px", cell: (row) => row.provider },
  { id: "input", header: "Input", width: "88px", numeric: true, cell: (row) => rate(row.input) },
  { id: "cached", header: "Cached input", width: "104px", numeric: true, cell: (row) => rate(row.cached_input) },
  { id: "write", header: "Cache write", width: "100px", numeric: true, cell: (row) => rate(row.cache_write) },
  { id: "output", header: "Output", width: "88px", numeric: true, cell: (row) => rate(row.output) },
  { id: "context", header: <span title="Most tokens in one call">Context</span>, width: "88px", numeric: true, cell: (row) => (row.context_tokens ? shortCount(row.context_tokens) : ABSENT) },
];
