import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Branch, SessionCall, SessionOutline } from "@/api/sessions";
import { Panel } from "@/components/Page";
import { Failure } from "@/components/States";
import { useScope, writeScope } from "@/state/search";
import { stringifySearch } from "@/state/url";
import { readAxis, writeAxis, type Axis } from "./axis";
import { CallDrawer } from "./CallDrawer";
import { AxisLines } from "./Minimap";
import { around, BranchRow, CallRow, MoreRow, WaitingRow } from "./Rows";
import { Toolbar } from "./Toolbar";
import { useToolResult } from "./useToolResult";
import { useWaterfall } from "./useWaterfall";
import { useWaterfallKeys } from "./useWaterfallKeys";
import styles from "./Waterfall.module.css";

const ROW = 28;
const TICKS = 7;

/** The calls of a session on one axis of time, as a tree of its paths or in order of time. Only rows in view are drawn. */
export function Waterfall({ id, tree, outline }: { id: string; tree: Branch; outline: SessionOutline }) {
  const [scope, setScope] = useScope();
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const scroll = useRef<(row: number) => void>(() => {});
  const rows = useWaterfall(id, tree, (row) => requestAnimationFrame(() => scroll.current(row)));
  const axis = useMemo(() => readAxis(scope["axis"], outline.duration_ms), [scope["axis"], outline.duration_ms]);
  const zoom = useCallback((to: Axis | null) => setScope({ axis: writeAxis(to) }, true), [setScope]);
  useLayoutEffect(() => setTop((list.current?.getBoundingClientRect().top ?? 0) + scrollY), []);
  const virtual = useWindowVirtualizer({ count: rows.count, estimateSize: () => ROW, overscan: 14, scrollMargin: top, scrollPaddingStart: 190, scrollPaddingEnd: 60 });
  scroll.current = (row) => virtual.scrollToIndex(row, { align: "auto" });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? -1;
  const want = useRef(rows.want);
  want.current = rows.want;
  useEffect(() => {
    // A fast scroll passes by many pages: only where it rests, calls are read.
    const timer = setTimeout(() => want.current(first, last), 50);
    return () => clearTimeout(timer);
  }, [first, last, rows.segments]);
  const tool = useToolResult(id, rows.find);
  useWaterfallKeys(rows, zoom);

  const opened = typeof scope["call"] === "string" ? scope["call"] : "";
  const latest = useRef(rows);
  latest.current = rows;
  const open = useCallback((call: string, index: number) => {
    latest.current.setCursor(index);
    latest.current.openCall(call);
  }, []);
  const onTool = useCallback((call: SessionCall, name: string) => void tool.current(call, name), [tool]);
  useEffect(() => {
    // A link with an open call: go to its row.
    if (opened && latest.current.cursor < 0) void latest.current.find(opened);
  }, [opened]);
  const { since, until, zone } = scope;
  const hrefOf = (call: string) => `/requests/${call}${stringifySearch(writeScope({ since, until, zone }))}`;

  return (
    <Panel flush className={styles["panel"]}>
      <Toolbar rows={rows} outline={outline} axis={axis} onAxis={zoom} ticks={TICKS} />
      {rows.error ? <Failure error={rows.error} retry={() => rows.want(first, last)} /> : null}
      <div role="treegrid" aria-label="Calls of the session" aria-rowcount={rows.count} className={styles["grid"]} style={{ height: virtual.getTotalSize() }} ref={list}>
        <div className={styles["behind"]} role="presentation">
          <AxisLines axis={axis} most={TICKS} />
        </div>
        <div role="rowgroup">
          {items.map((item) => {
            const row = rows.rowAt(item.index);
            if (!row) return null;
            const place = { index: item.index, offset: item.start - top, depth: row.segment.depth };
            const at = { ...place, axis, cursor: rows.cursor === item.index };
            switch (row.segment.kind) {
              case "branch":
                return <BranchRow key={row.segment.branch.path} branch={row.segment.branch} name={row.segment.name} open={row.segment.open} onToggle={rows.toggle} onZoom={zoom} {...at} />;
              case "more": {
                const { path, missing } = row.segment;
                return <MoreRow key={`${path} more`} missing={missing} onMore={() => void rows.more(path, rows.branchCount(path))} {...place} />;
              }
              case "calls":
                return row.call ? (
                  <CallRow key={row.call.id} call={row.call} flat={rows.flat} href={hrefOf(row.call.id)} opened={opened === row.call.id} onOpen={open} onTool={onTool} {...at} />
                ) : (
                  <WaitingRow key={item.index} {...place} />
                );
            }
          })}
        </div>
      </div>
      {opened && <CallDrawer id={opened} rows={rows} />}
    </Panel>
  );
}

/** What `z` shows of a row: its own time. */
export function axisOfRow(rows: ReturnType<typeof useWaterfall>): Axis | null {
  const row = rows.rowAt(rows.cursor);
  if (row?.segment.kind === "branch") return around(row.segment.branch.start_ms, row.segment.branch.end_ms);
  if (row?.call) return around(row.call.start_ms, row.call.start_ms + (row.call.latency_ms ?? 0));
  return null;
}
