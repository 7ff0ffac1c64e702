import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { isTyping } from "@/app/Shortcuts";
import styles from "./DataTable.module.css";

export interface Column<Row> {
  id: string;
  header: ReactNode;
  cell: (row: Row) => ReactNode;
  /** A track of a CSS grid: "86px", "minmax(160px, 1fr)". */
  width: string;
  numeric?: boolean;
  /** The name that the API sorts by; without it the header is no button. */
  sort?: string;
  /** Left out on narrow screens. */
  wide?: boolean;
}

export interface Sort {
  column: string;
  direction: "asc" | "desc";
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string;
  /** An overlay link of the row: a real `<a href>`, so that a row opens in a new tab as well. */
  rowLink?: (row: Row) => ReactNode;
  tone?: (row: Row) => "bad" | "warn" | undefined;
  selected?: string | undefined;
  sort?: Sort | undefined;
  onSort?: (sort: Sort) => void;
  onOpen?: (row: Row) => void;
  /** Called when the last rows come into view. */
  onEnd?: (() => void) | undefined;
  footer?: ReactNode;
}

const ROW = 34;

/** A table of any length: only rows in view are drawn; the page scrolls. `j` and `k` move, `o` and Enter open. */
export function DataTable<Row>(props: Props<Row>) {
  const { columns, rows, rowKey, sort, onSort, onOpen, onEnd } = props;
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [cursor, setCursor] = useState(-1);
  useLayoutEffect(() => setTop((list.current?.getBoundingClientRect().top ?? 0) + scrollY), []);
  const virtual = useWindowVirtualizer({ count: rows.length, estimateSize: () => ROW, overscan: 12, scrollMargin: top });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length && last >= rows.length - 20) onEnd?.();
  }, [last, rows.length, onEnd]);
  useEffect(() => setCursor((before) => Math.min(before, rows.length - 1)), [rows.length]);

  const move = useCallback(
    (step: number) => {
      setCursor((before) => {
        const next = Math.max(0, Math.min(rows.length - 1, before + step));
        virtual.scrollToIndex(next, { align: "auto" });
        return next;
      });
    },
    [rows.length, virtual],
  );
  useEffect(() => {
    const press = (event: globalThis.KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || document.querySelector("[role=dialog]")) return;
      if (event.key === "j") move(1);
      else if (event.key === "k") move(-1);
      else if (event.key === "o" && rows[cursor]) onOpen?.(rows[cursor]);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [move, rows, cursor, onOpen]);

  const tracks = columns.map((column) => column.width).join(" ");
  const openByKey = (event: KeyboardEvent, row: Row) => {
    if (event.key === "Enter" && event.target === event.currentTarget) onOpen?.(row);
  };
  return (
    <div className={styles["table"]} role="table" aria-label={props.label} aria-rowcount={rows.length + 1} style={{ "--tracks": tracks } as React.CSSProperties}>
      <div className={`${styles["row"]} ${styles["head"]}`} role="row">
        {columns.map((column) => (
          <div key={column.id} role="columnheader" data-numeric={column.numeric || undefined} aria-sort={ariaSort(column.sort, sort)}>
            {column.sort && onSort ? (
              <button type="button" onClick={() => onSort({ column: column.sort!, direction: sort && sort.column === column.sort && sort.direction === "desc" ? "asc" : "desc" })}>
                {column.header} {sort && sort.column === column.sort ? (sort.direction === "desc" ? "↓" : "↑") : ""}
              </button>
            ) : (
              column.header
            )}
          </div>
        ))}
      </div>
      <div ref={list} role="rowgroup" className={styles["body"]} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index]!;
          const key = rowKey(row);
          return (
            <div
              key={key}
              role="row"
              tabIndex={props.rowLink ? undefined : 0}
              aria-rowindex={item.index + 2}
              aria-selected={props.selected === key || undefined}
              className={styles["row"]}
              data-tone={props.tone?.(row)}
              data-cursor={cursor === item.index || undefined}
              onClick={() => setCursor(item.index)}
              onKeyDown={(event) => openByKey(event, row)}
              style={{ transform: `translateY(${item.start - top}px)` }}
            >
              {columns.map((column, index) => (
                <div key={column.id} role="cell" data-numeric={column.numeric || undefined}>
                  {index === 0 && props.rowLink?.(row)}
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {props.footer && <div className={styles["footer"]}>{props.footer}</div>}
    </div>
  );
}

function ariaSort(name: string | undefined, sort: Sort | undefined): "ascending" | "descending" | undefined {
  if (!name || sort?.column !== name) return undefined;
  return sort.direction === "asc" ? "ascending" : "descending";
}
