import type { Ref } from "react";
import type { Column, Sort } from "./DataTable";
import styles from "./DataTable.module.css";

interface Props<Row> {
  ref: Ref<HTMLDivElement>;
  columns: Column<Row>[];
  sort: Sort | undefined;
  onSort: ((sort: Sort) => void) | undefined;
}

/** A second scroll bar is of no use to who does not see it. */
export const ariaHidden = { "aria-hidden": true, tabIndex: -1 } as const;

/** The names of the columns; those that the API can sort by are buttons. */
export function TableHead<Row>({ ref, columns, sort, onSort }: Props<Row>) {
  return (
    <div ref={ref} className={styles["head"]} role="rowgroup">
      <div className={styles["row"]} role="row">
        {columns.map((column) => {
          const here = sort && sort.column === column.sort ? sort.direction : undefined;
          return (
            <div key={column.id} role="columnheader" data-numeric={column.numeric || undefined} aria-sort={here ? (here === "asc" ? "ascending" : "descending") : undefined}>
              {column.sort && onSort ? (
                <button type="button" data-on={here || undefined} onClick={() => onSort({ column: column.sort!, direction: here === "desc" ? "asc" : "desc" })}>
                  {column.header} <span aria-hidden="true">{here === "desc" ? "↓" : here === "asc" ? "↑" : ""}</span>
                </button>
              ) : (
                column.header
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
