import { Button, Checkbox, Popover } from "@mantine/core";
import { useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { Icon } from "@/components/Icon";
import { Segments } from "@/components/Segments";
import { bytes, count } from "@/format/numbers";
import { useScope } from "@/state/search";
import { readColumns } from "./chosenColumns";
import { exportAs, sizeOf, type ExportFormat } from "./exportAs";
import styles from "./Menus.module.css";

/** From here on a file is written to the disk as it comes. */
const LARGE = 50e6;

/** The calls of the filter as a file; says before how large it will be. */
export function ExportMenu({ total }: { total: number | null }) {
  const [scope] = useScope();
  const [format, setFormat] = useState<ExportFormat>("csv");
  const [shown, setShown] = useState(false);
  const [bodies, setBodies] = useState(false);
  const [come, setCome] = useState<number | null>(null);
  const [problem, setProblem] = useState("");
  const stop = useRef<AbortController | null>(null);
  const columns = shown ? [...new Set(readColumns(scope["columns"]).columns.flatMap((column) => column.needs))] : null;
  const choice = { format, columns, bodies: bodies && format === "jsonl" };
  const size = total === null ? null : sizeOf(choice, total);
  const start = async () => {
    stop.current = new AbortController();
    setCome(0);
    setProblem("");
    try {
      await exportAs(choice, scope, stop.current.signal, setCome, size === null || size > LARGE);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) setProblem(error instanceof ApiError ? error.message : "The file broke off: the connection was lost. Nothing was saved.");
    }
    setCome(null);
  };
  return (
    <Popover position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Button aria-label="Export" className={styles["short"]!} leftSection={<Icon name="download" size={14} />}>
          Export
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        <div className={styles["export"]}>
          <Segments label="Format" value={format} onChange={setFormat} options={{ csv: "CSV", jsonl: "JSON lines", parquet: "Parquet" }} />
          <Checkbox size="xs" label="Only the columns that are shown" checked={shown} onChange={(event) => setShown(event.currentTarget.checked)} />
          <Checkbox size="xs" label="With prompts and answers in full" description={format === "jsonl" ? "" : "JSON lines only"} disabled={format !== "jsonl"} checked={choice.bodies} onChange={(event) => setBodies(event.currentTarget.checked)} />
          <p>{words(total, size, choice.bodies)}</p>
          {problem && (
            <p role="alert" data-bad>
              {problem}
            </p>
          )}
          {come === null ? (
            <Button variant="filled" disabled={total === 0} onClick={() => void start()}>
              Download
            </Button>
          ) : (
            <Button onClick={() => stop.current?.abort()}>Stop ({bytes(come)} so far)</Button>
          )}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

function words(total: number | null, size: number | null, bodies: boolean): string {
  if (total === 0) return "No call matches: there is nothing to export.";
  const calls = total === null ? "All calls of this filter" : `${count(total)} ${total === 1 ? "call" : "calls"}, all of this filter`;
  if (bodies) return `${calls}. Prompts and answers can make the file many times larger.`;
  return size === null ? `${calls}.` : `${calls}: about ${bytes(size)}.${size > 500e6 ? " This takes minutes; a narrower range is quicker." : ""}`;
}
