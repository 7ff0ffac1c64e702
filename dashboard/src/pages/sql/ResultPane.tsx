import { Button, Menu } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { ApiError } from "@/api/client";
import { downloadSql, type SqlResult, type SqlRun } from "@/api/sql";
import { Icon } from "@/components/Icon";
import { Segments } from "@/components/Segments";
import { Empty, RowsSkeleton } from "@/components/States";
import { bytes, count, duration } from "@/format/numbers";
import { useScope } from "@/state/search";
import { asTabs } from "./cells";
import type { ResultChart } from "./chartOf";
import { EXAMPLES } from "./examples";
import { QueryFault } from "./QueryFault";
import { ResultChartView } from "./ResultChartView";
import { ResultTable } from "./ResultTable";
import styles from "./ResultPane.module.css";

interface Props {
  run: SqlRun;
  chart: ResultChart | null;
  onChart: (chart: ResultChart) => void;
  onExample: (sql: string) => void;
  name: string;
}

/** What a query answered: a table or a chart of it, or why it did not. */
export function ResultPane({ run, chart, onChart, onExample, name }: Props) {
  const [scope, setScope] = useScope();
  const asChart = scope["show"] === "chart";
  if (run.state === "failed") return <QueryFault sql={run.sql} error={run.error} />;
  if (run.state === "stopped") {
    return (
      <section className={styles["result"]}>
        <Empty title="Stopped">Nothing was changed: queries only read.</Empty>
      </section>
    );
  }
  if (!run.result) {
    return <section className={styles["result"]}>{run.state === "running" ? <RowsSkeleton rows={10} /> : <Examples onExample={onExample} />}</section>;
  }
  const result = run.result;
  return (
    <section className={styles["result"]} aria-label="Result" data-stale={run.state === "running" || undefined}>
      <header className={styles["bar"]}>
        <Segments label="How the result is shown" value={asChart ? "chart" : ""} onChange={(show) => setScope({ show }, true)} options={{ "": "Table", chart: "Chart" }} />
        <span className={styles["facts"]} role="status">
          <b>{count(result.row_count)}</b> {result.row_count === 1 ? "row" : "rows"} <i>·</i> {duration(result.elapsed_ms)} <i>·</i> <span title="Rows and bytes that the engine read">{count(result.rows_read)} rows, {bytes(result.bytes_read)} read</span>
        </span>
        <Actions result={result} sql={run.sql} name={name} />
      </header>
      {result.columns.length === 0 ? (
        <Empty title="The result has no columns" />
      ) : result.rows.length === 0 ? (
        <Empty title="No rows">The query ran, and nothing matches it. Columns: {result.columns.map((column) => column.name).join(", ")}.</Empty>
      ) : asChart ? (
        <ResultChartView result={result} chart={chart} onChart={onChart} />
      ) : (
        <ResultTable result={result} />
      )}
    </section>
  );
}

function Actions({ result, sql, name }: { result: SqlResult; sql: string; name: string }) {
  const clipboard = useClipboard({ timeout: 1500 });
  const save = (format: "csv" | "jsonl") => {
    downloadSql(sql, format, name).catch((error: unknown) =>
      notifications.show({ color: "red", title: "Not downloaded", message: error instanceof ApiError ? error.message : String(error) }),
    );
  };
  return (
    <div className={styles["actions"]}>
      <Button variant="subtle" color="gray" leftSection={<Icon name={clipboard.copied ? "check" : "copy"} size={14} />} onClick={() => clipboard.copy(asTabs(result.columns, result.rows))}>
        {clipboard.copied ? "Copied" : "Copy"}
      </Button>
      <Menu>
        <Menu.Target>
          <Button variant="subtle" color="gray" leftSection={<Icon name="download" size={14} />}>
            Download
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => save("csv")}>CSV</Menu.Item>
          <Menu.Item onClick={() => save("jsonl")}>JSON lines</Menu.Item>
          <Menu.Label>Runs the query once more, without the limit of rows</Menu.Label>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

function Examples({ onExample }: { onExample: (sql: string) => void }) {
  return (
    <div className={styles["examples"]}>
      <p>
        Write a query and run it with <kbd>Ctrl Enter</kbd>, or begin with one of these:
      </p>
      <ul>
        {EXAMPLES.map((each) => (
          <li key={each.name}>
            <button type="button" onClick={() => onExample(each.sql)}>
              <strong>{each.name}</strong>
              <code>{each.sql.replace(/\s+/g, " ")}</code>
            </button>
          </li>
        ))}
      </ul>
      <p className="dim">One SELECT of ClickHouse's SQL. It takes at most 30 s and shows at most 10,000 rows unless the settings say otherwise; a download has all rows. Times are UTC.</p>
    </div>
  );
}
