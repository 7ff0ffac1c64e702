import { Modal } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { SqlResult } from "@/api/sql";
import { Copy } from "@/components/Bits";
import { bothTimes } from "@/format/times";
import { addCondition } from "@/state/search";
import { cellLine, cellText, columnWidths, instantOfCell, isNumeric, isTime, linkOf } from "./cells";
import { sortRows } from "./sortRows";
import styles from "./ResultTable.module.css";

const ROW = 29;
const GUTTER = 52;

/** A result of any size: only rows and columns in view are drawn. Arrow keys move, Enter shows a whole value, Ctrl-C copies it. */
export function ResultTable({ result }: { result: SqlResult }) {
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: sized, width } = useElementSize();
  const host = useMergedRef(scroller, sized);
  const [sort, setSort] = useState<{ at: number; down: boolean } | null>(null);
  const [cell, setCell] = useState<[row: number, column: number]>([0, 0]);
  const [open, setOpen] = useState(false);
  const { columns } = result;
  const rows = useMemo(() => (sort ? sortRows(result.rows, sort.at, sort.down) : result.rows), [result, sort]);
  const widths = useMemo(() => stretched(columnWidths(columns, result.rows, width < 560 ? 170 : 420), width - GUTTER), [columns, result.rows, width]);
  const down = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12, scrollPaddingStart: ROW });
  const across = useVirtualizer({ horizontal: true, count: columns.length, getScrollElement: () => scroller.current, estimateSize: (at) => widths[at] ?? 100, overscan: 3, scrollPaddingStart: GUTTER });
  // Widths differ by result: what was measured of the one before is forgotten.
  useMemo(() => across.measure(), [widths]); // eslint-disable-line react-hooks/exhaustive-deps
  const shown = across.getVirtualItems();
  const total = across.getTotalSize() + GUTTER;

  const move = (row: number, column: number) => {
    const next: [number, number] = [Math.max(0, Math.min(rows.length - 1, row)), Math.max(0, Math.min(columns.length - 1, column))];
    setCell(next);
    down.scrollToIndex(next[0]);
    across.scrollToIndex(next[1]);
  };
  const press = (event: KeyboardEvent) => {
    const [row, column] = cell;
    const steps: Record<string, [number, number]> = { ArrowDown: [row + 1, column], ArrowUp: [row - 1, column], ArrowRight: [row, column + 1], ArrowLeft: [row, column - 1], PageDown: [row + 15, column], PageUp: [row - 15, column], Home: [row, 0], End: [row, columns.length - 1] };
    const step = steps[event.key];
    if (step) move(...step);
    else if (event.key === "Enter" && event.target === event.currentTarget) setOpen(true);
    else if (event.key === "c" && (event.ctrlKey || event.metaKey) && !getSelection()?.toString()) void navigator.clipboard.writeText(cellText(rows[row]?.[column]));
    else return;
    event.preventDefault();
  };
  const value = rows[cell[0]]?.[cell[1]];
  return (
    <>
      <div ref={host} className={styles["scroller"]} role="grid" aria-label="Rows of the result" aria-rowcount={rows.length + 1} aria-colcount={columns.length} aria-activedescendant={`cell-${cell[0]}-${cell[1]}`} tabIndex={0} onKeyDown={press}>
        <div className={styles["head"]} role="row" style={{ width: total }}>
          <span className={styles["gutter"]} />
          {shown.map((item) => {
            const column = columns[item.index]!;
            return (
              <button
                key={item.key}
                type="button"
                role="columnheader"
                aria-sort={sort?.at === item.index ? (sort.down ? "descending" : "ascending") : "none"}
                title={`${column.name}: ${column.type}`}
                data-numeric={isNumeric(column.type) || undefined}
                tabIndex={-1}
                style={{ width: item.size, transform: `translateX(${item.start + GUTTER}px)` }}
                onClick={() => setSort((before) => (before?.at !== item.index ? { at: item.index, down: isNumeric(column.type) } : before.down === isNumeric(column.type) ? { at: item.index, down: !before.down } : null))}
              >
                {column.name}
                {sort?.at === item.index && (sort.down ? " ↓" : " ↑")}
              </button>
            );
          })}
        </div>
        <div role="rowgroup" style={{ height: down.getTotalSize(), width: total, position: "relative" }}>
          {down.getVirtualItems().map((line) => (
            <div key={line.key} role="row" aria-rowindex={line.index + 2} className={styles["row"]} style={{ transform: `translateY(${line.start}px)`, width: total }}>
              <span className={styles["gutter"]}>{line.index + 1}</span>
              {shown.map((item) => (
                <div
                  key={item.key}
                  id={`cell-${line.index}-${item.index}`}
                  role="gridcell"
                  aria-colindex={item.index + 1}
                  aria-selected={(cell[0] === line.index && cell[1] === item.index) || undefined}
                  data-numeric={isNumeric(columns[item.index]!.type) || undefined}
                  style={{ width: item.size, transform: `translateX(${item.start + GUTTER}px)` }}
                  onClick={() => setCell([line.index, item.index])}
                  onDoubleClick={() => setOpen(true)}
                >
                  <Value name={columns[item.index]!.name} type={columns[item.index]!.type} value={rows[line.index]![item.index]} />
                </div>
              ))}
            </div>
          ))}
        </div>
      </div>
      <Modal opened={open} onClose={() => setOpen(false)} title={columns[cell[1]]?.name} size="lg">
        <div className={styles["whole"]}>
          <Copy text={cellText(value)} />
          <pre>{whole(value)}</pre>
        </div>
      </Modal>
    </>
  );
}

function Value({ name, type, value }: { name: string; type: string; value: unknown }): ReactNode {
  if (value === null || value === undefined) return <i className="dim">null</i>;
  const link = linkOf(name, value);
  if (link && "id" in link) return <Link to="/requests/$id" params={{ id: link.id }}>{link.id}</Link>;
  if (link) return <Link to={"/requests" as string} search={{ q: addCondition("", link.column, link.value), since: "30d" } as never}>{link.value}</Link>;
  const at = isTime(type) ? instantOfCell(value) : null;
  return at ? <time title={bothTimes(at)}>{cellLine(value)}</time> : cellLine(value);
}

function whole(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : value === null ? "null" : cellText(value);
}

/** Columns that leave room are widened evenly. */
function stretched(widths: number[], room: number): number[] {
  const sum = widths.reduce((before, width) => before + width, 0);
  return sum >= room || !sum ? widths : widths.map((width) => Math.floor(width + (room - sum) * (width / sum)));
}
