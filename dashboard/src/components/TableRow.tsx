import { memo, type ReactNode } from "react";
import { cellActions, type CellFilter } from "@/state/cellFilter";
import { useScope } from "@/state/search";
import { Icon } from "./Icon";
import styles from "./DataTable.module.css";
import type { Column } from "./DataTable";

export interface TableRowProps<Row> {
  row: Row | undefined;
  index: number;
  offset: number;
  columns: Column<Row>[];
  compact: ((row: Row) => ReactNode) | undefined;
  link: ((row: Row) => ReactNode) | undefined;
  tone: "bad" | "warn" | undefined;
  selected: boolean;
  cursor: boolean;
  fresh: boolean;
  /** The last row of a table without a footer: the frame is its line. */
  last: boolean;
  /** The column whose value can be filtered by at once: the one below the pointer, or of the keyboard. */
  hot: string;
  onOpen: ((row: Row) => void) | undefined;
}

function DrawnRow<Row>(props: TableRowProps<Row>) {
  const { row, index, columns, compact, hot } = props;
  const at = columns.findIndex((column) => column.id === hot);
  const filter = row && at >= 0 ? columns[at]!.filter?.(row) : undefined;
  return (
    <div
      role="row"
      tabIndex={props.link ? undefined : 0}
      aria-rowindex={index + 2}
      aria-selected={props.selected || undefined}
      aria-busy={row === undefined || undefined}
      className={styles["row"]}
      data-index={index}
      data-tone={props.tone}
      data-cursor={props.cursor || undefined}
      data-fresh={props.fresh || undefined}
      data-last={props.last || undefined}
      onKeyDown={(event) => {
        if (event.key === "Enter" && event.target === event.currentTarget && row) props.onOpen?.(row);
      }}
      style={{ transform: `translateY(${props.offset}px)` }}
    >
      {row === undefined ? (
        columns.map((column, place) => (
          <div key={column.id} role="cell" className={styles["waiting"]}>
            <i style={{ width: `${40 + ((index * 31 + place * 17) % 45)}%` }} />
          </div>
        ))
      ) : compact ? (
        <div role="cell" className={styles["compact"]}>
          {props.link?.(row)}
          {compact(row)}
        </div>
      ) : (
        <>
          {columns.map((column, place) => (
            <div key={column.id} role="cell" data-column={column.id} data-numeric={column.numeric || undefined} data-hot={(hot === column.id && props.cursor) || undefined} style={{ gridColumn: place + 1 }}>
              {place === 0 && props.link?.(row)}
              {column.cell(row)}
            </div>
          ))}
          {filter && <CellButtons filter={filter} place={at} numeric={!!columns[at]!.numeric} />}
        </>
      )}
    </div>
  );
}

/** A row is drawn again only when something of it changes. */
export const TableRow = memo(DrawnRow) as typeof DrawnRow;

/** Beside the value below the pointer: only such calls, without such calls, copy. */
function CellButtons({ filter, place, numeric }: { filter: CellFilter; place: number; numeric: boolean }) {
  const [scope, setScope] = useScope();
  return (
    <div role="cell" aria-label={`Filter by ${filter.column}`} className={styles["buttons"]} data-numeric={numeric || undefined} style={{ gridColumn: place + 1 }}>
      {cellActions(filter, scope).map((action) => (
        <button key={action.key} type="button" tabIndex={-1} title={`${action.label} (${action.key})`} aria-label={action.label} onClick={() => setScope(action.change)}>
          {action.sign}
        </button>
      ))}
      {!numeric && (
        <button type="button" tabIndex={-1} title="Copy (c)" aria-label="Copy" onClick={() => void navigator.clipboard?.writeText(String(filter.value ?? ""))}>
          <Icon name="copy" size={12} />
        </button>
      )}
    </div>
  );
}
