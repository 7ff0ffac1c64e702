import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import { RowsSkeleton } from "@/components/States";
import { count } from "@/format/numbers";
import { visible } from "../visible";
import { useCallDocuments } from "../worker/CallDocuments";
import type { Part, Summary } from "../worker/protocol";
import { useRows } from "../worker/useRows";
import { Finder } from "./Finder";
import styles from "./Raw.module.css";

/** A body as text, row by row: only those in view are drawn. */
export function TextRowsView({ part, summary }: { part: Part; summary: Summary }) {
  const { worker } = useCallDocuments();
  const rows = useQuery({ queryKey: ["text-rows", worker.key, part, summary.version], staleTime: Infinity, queryFn: () => worker.ask("countText", part) });
  return rows.data === undefined ? <RowsSkeleton /> : <Rows part={part} version={summary.version} rows={rows.data} />;
}

function Rows({ part, version, rows }: { part: Part; version: number; rows: number }) {
  const { worker } = useCallDocuments();
  const box = useRef<HTMLDivElement>(null);
  const [lit, setLit] = useState<number | null>(null);
  const virtual = useVirtualizer({ count: rows, getScrollElement: () => box.current, estimateSize: () => 19, overscan: 20 });
  const items = virtual.getVirtualItems();
  const rowAt = useRows<string>(String(version), items[0]?.index ?? 0, items.at(-1)?.index ?? 0, (from, to) => worker.ask("textRows", part, from, to));
  const digits = count(rows).length;
  return (
    <div className={styles["tree"]}>
      <div className={styles["tools"]}>
        <Finder
          find={(text) => worker.ask("findText", part, text)}
          show={(row) => {
            setLit(row);
            virtual.scrollToIndex(row, { align: "center" });
          }}
        />
      </div>
      <div ref={box} className={styles["scroll"]} tabIndex={0} aria-label="Text of the body">
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => (
            <div key={item.key} ref={virtual.measureElement} data-index={item.index} data-lit={lit === item.index || undefined} className={styles["textRow"]} style={{ transform: `translateY(${item.start}px)`, "--digits": `${digits}ch` } as React.CSSProperties}>
              <span aria-hidden="true">{item.index + 1}</span>
              <span>{visible(rowAt(item.index) ?? "") || " "}</span>
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
