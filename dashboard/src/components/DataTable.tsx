import { useMediaQuery } from "@mantine/hooks";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState, type CSSProperties, type ReactNode } from "react";
import { cellActions, type CellFilter } from "@/state/cellFilter";
import { useDensity } from "@/state/density";
import { useScope } from "@/state/search";
import styles from "./DataTable.module.css";
import { TableHead, ariaHidden } from "./TableHead";
import { TableRow } from "./TableRow";
import { useHurry } from "./useHurry";
import { useSideways } from "./useSideways";
import { useTableKeys } from "./useTableKeys";

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
  /** What of the filter grammar the cell shows: buttons to filter by it stand beside the value below the pointer. */
  filter?: (row: Row) => CellFilter | undefined;
}

export interface Sort {
  column: string;
  direction: "asc" | "desc";
}

/** Rows of which some may be on their way: `at` gives undefined for those. */
export interface RowSource<Row> {
  count: number;
  at: (index: number) => Row | undefined;
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[] | RowSource<Row>;
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
  /** Called with the first and last row in view. */
  onView?: (first: number, last: number) => void;
  /** Called when the keyboard chooses a row. */
  onCursor?: (index: number) => void;
  /** The row that is open elsewhere: it comes into view, and the keyboard goes on from it. */
  reveal?: number;
  /** A row on a narrow screen: two lines in place of the columns. */
  compact?: (row: Row) => ReactNode;
  /** Whether a row came just now. */
  fresh?: (row: Row) => boolean;
  footer?: ReactNode;
}

const ROWS = { dense: 34, roomy: 42 };
const COMPACT_ROW = 58;
/** What stays at the top of the window: the page's bar and the head of the table. */
const BARS = 92;

/** A table of any length: only rows in view are drawn; the page scrolls. `j` and `k` move, `o` and Enter open. */
export function DataTable<Row>(props: Props<Row>) {
  const { columns, rowKey, onOpen, onEnd, onView } = props;
  const source = Array.isArray(props.rows) ? sourceOf(props.rows) : props.rows;
  const table = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [scope, setScope] = useScope();
  const compact = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false }) ? props.compact : undefined;
  const row = ROWS[useDensity()];
  const height = compact ? COMPACT_ROW : row;
  const top = useTop(list);
  const [cursor, setCursor] = useState(-1);
  const [hot, setHot] = useState({ index: -1, column: "" });
  const least = compact ? 0 : columns.reduce((sum, column) => sum + Number(/\d+/.exec(column.width)?.[0] ?? 0), 0);
  const sideways = useSideways(least);
  const virtual = useWindowVirtualizer({ count: source.count, estimateSize: () => height, overscan: 12, scrollMargin: top, scrollPaddingStart: BARS, scrollPaddingEnd: row });
  useLayoutEffect(() => virtual.measure(), [height, virtual]);
  const items = virtual.getVirtualItems();
  const hurried = useHurry(virtual.scrollOffset ?? 0, virtual.isScrolling);
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (source.count && last >= source.count - 20) onEnd?.();
  }, [last, source.count, onEnd]);
  useEffect(() => onView?.(first, last), [first, last, onView]);
  useEffect(() => setCursor((before) => Math.min(before, source.count - 1)), [source.count]);

  const { reveal = -1 } = props;
  useEffect(() => {
    if (reveal < 0) return;
    setCursor(reveal);
    virtual.scrollToIndex(reveal, { align: "auto" });
    // only when another row is opened: the reader may scroll away from it
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [reveal]);

  const choose = (index: number) => {
    setCursor(index);
    props.onCursor?.(index);
  };
  const chosen = cursor >= 0 ? source.at(cursor) : undefined;
  useTableKeys(table, {
    move: (step) => {
      const next = Math.max(0, Math.min(source.count - 1, cursor + step));
      virtual.scrollToIndex(next, { align: "auto" });
      choose(next);
      setHot((before) => ({ index: next, column: before.index === cursor ? before.column : "" }));
    },
    turn: (step) => {
      if (!chosen) return;
      const able = columns.filter((column) => column.filter?.(chosen));
      const at = able.findIndex((column) => column.id === hot.column);
      const next = able[Math.max(0, Math.min(able.length - 1, at + step))];
      if (next) setHot({ index: cursor, column: next.id });
    },
    open: () => {
      if (chosen) onOpen?.(chosen);
      return !!chosen;
    },
    act: (key) => {
      const filter = chosen && hot.index === cursor ? columns.find((column) => column.id === hot.column)?.filter?.(chosen) : undefined;
      if (!filter) return false;
      if (key === "c") void navigator.clipboard?.writeText(String(filter.value ?? ""));
      else setScope(cellActions(filter, scope).find((action) => action.key === key)!.change);
      return true;
    },
  });

  const tracks = compact ? "minmax(0, 1fr)" : columns.map((column) => column.width).join(" ");
  return (
    <>
      <div
        ref={table}
        className={styles["table"]}
        role="table"
        aria-label={props.label}
        aria-rowcount={source.count + 1}
        data-compact={compact ? true : undefined}
        style={{ "--tracks": tracks, "--least": `${least}px`, "--row": `${height}px` } as CSSProperties}
      >
        {!compact && <TableHead ref={sideways.head} columns={columns} sort={props.sort} onSort={props.onSort} />}
        <div ref={sideways.body} className={styles["scroller"]} role="rowgroup" onScroll={sideways.follow}>
          <div
            ref={list}
            role="presentation"
            className={styles["body"]}
            style={{ height: virtual.getTotalSize() }}
            onPointerMove={(event) => {
              if (event.pointerType === "touch") return;
              // The row's link lies over its cells: what counts is the cell below it.
              const cell = document.elementsFromPoint(event.clientX, event.clientY).find((each): each is HTMLElement => each instanceof HTMLElement && each.dataset["column"] !== undefined);
              const index = Number((event.target as Element).closest<HTMLElement>("[data-index]")?.dataset["index"] ?? -1);
              const column = cell?.dataset["column"] ?? "";
              setHot((before) => (before.index === index && before.column === column ? before : { index, column }));
            }}
            onPointerLeave={() => setHot({ index: -1, column: "" })}
            onClick={(event) => {
              const row = (event.target as Element).closest<HTMLElement>("[data-index]");
              if (row) setCursor(Number(row.dataset["index"]));
            }}
          >
            {items.map((item) => {
              const row = hurried ? undefined : source.at(item.index);
              const key = row === undefined ? "" : rowKey(row);
              return (
                <TableRow
                  key={key || item.index}
                  row={row}
                  index={item.index}
                  offset={item.start - top}
                  columns={hurried ? [] : columns}
                  compact={compact}
                  link={props.rowLink}
                  tone={row === undefined ? undefined : props.tone?.(row)}
                  selected={!!key && props.selected === key}
                  cursor={cursor === item.index}
                  last={!props.footer && item.index === source.count - 1}
                  fresh={row !== undefined && !!props.fresh?.(row)}
                  hot={hot.index === item.index ? hot.column : ""}
                  onOpen={onOpen}
                />
              );
            })}
          </div>
        </div>
        <div ref={sideways.strip} className={styles["strip"]} onScroll={sideways.follow} {...ariaHidden}>
          <div />
        </div>
      </div>
      {props.footer && <div className={styles["footer"]}>{props.footer}</div>}
    </>
  );
}

function sourceOf<Row>(rows: Row[]): RowSource<Row> {
  return { count: rows.length, at: (index) => rows[index] };
}

/** How far an element is from the top of the document; followed when what stands above it grows. */
function useTop(element: React.RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const look = () => setTop(Math.round((element.current?.getBoundingClientRect().top ?? 0) + scrollY));
    look();
    const watch = new ResizeObserver(look);
    const page = element.current?.closest("main") ?? document.body;
    for (const each of [page, ...page.querySelectorAll("header, section")]) watch.observe(each);
    return () => watch.disconnect();
  }, [element]);
  return top;
}
