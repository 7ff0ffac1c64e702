import { useMediaQuery } from "@mantine/hooks";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Branch, SessionCall, SessionOutline } from "@/api/sessions";
import { Panel } from "@/components/Page";
import { Failure } from "@/components/States";
import { useScope, writeScope } from "@/state/search";
import { stringifySearch } from "@/state/url";
import { around, axisMode, readAxis, writeAxis, type Axis } from "./axis";
import { CallDrawer, CallPart } from "./CallDrawer";
import { AxisLines } from "./Minimap";
import { BranchRow, CallRow, MoreRow, WaitingRow } from "./Rows";
import { Toolbar } from "./Toolbar";
import { useToolResult } from "./useToolResult";
import { useWaterfall } from "./useWaterfall";
import { useWaterfallKeys } from "./useWaterfallKeys";
import styles from "./Waterfall.module.css";

const ROW = 28;
const SLOTS = 256;

/** The calls of a session on one axis of time, as a tree of its paths or in order of time. Only rows in view are drawn. */
export function Waterfall({ id, tree, outline }: { id: string; tree: Branch; outline: SessionOutline }) {
  const [scope, setScope] = useScope();
  CallPart.useSoon();
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const scroll = useRef<(row: number) => void>(() => {});
  const rows = useWaterfall(id, tree, (row) => requestAnimationFrame(() => scroll.current(row)));
  const ticks = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false }) ? 2 : 7;
  const mode = axisMode(scope["axis"], outline.calls);
  const asked = useMemo(() => readAxis(scope["axis"], outline.duration_ms), [scope["axis"], outline.duration_ms]);
  const [inView, setInView] = useState<Axis | null>(null);
  const axis = mode === "rows" ? (inView ?? asked) : asked;
  const zoom = useCallback((to: Axis | "all" | "rows") => setScope({ axis: typeof to === "string" ? to : writeAxis(around([to])!) }, true), [setScope]);
  useLayoutEffect(() => setTop((list.current?.getBoundingClientRect().top ?? 0) + scrollY), []);
  const virtual = useWindowVirtualizer({ count: rows.count, estimateSize: () => ROW, overscan: 10, scrollMargin: top, scrollPaddingStart: 190, scrollPaddingEnd: 60 });
  scroll.current = (row) => virtual.scrollToIndex(row, { align: "auto" });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? -1;
  const shown = virtual.range;
  const latest = useRef(rows);
  latest.current = rows;
  useEffect(() => {
    // A fast scroll passes by many pages: only where it rests, calls are read, and the axis follows.
    const timer = setTimeout(() => {
      latest.current.want(first, last);
      if (shown) setInView((before) => timesOf(latest.current, shown.startIndex, shown.endIndex) ?? before);
    }, 60);
    return () => clearTimeout(timer);
  }, [first, last, shown?.startIndex, shown?.endIndex, rows.segments, rows.drawn]);
  const tool = useToolResult(id, rows.find);
  useWaterfallKeys(rows, zoom);

  const opened = typeof scope["call"] === "string" ? scope["call"] : "";
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
      <Toolbar rows={latest} flat={rows.flat} anyFolded={rows.anyFolded} outline={outline} axis={axis} mode={mode} onAxis={zoom} ticks={ticks} />
      {rows.error ? <Failure error={rows.error} retry={() => rows.want(first, last)} /> : null}
      <div role="treegrid" aria-label="Calls of the session" aria-rowcount={rows.count} className={styles["grid"]} style={{ height: virtual.getTotalSize() }} ref={list}>
        <div className={styles["behind"]} role="presentation">
          <AxisLines axis={axis} most={ticks} />
        </div>
        <div role="rowgroup">
          {items.map((item) => {
            const row = rows.rowAt(item.index);
            if (!row) return null;
            const place = { index: item.index, offset: item.start - top, depth: row.segment.depth };
            const at = { ...place, axis, cursor: rows.cursor === item.index };
            // Elements are used again for other rows while one scrolls.
            const key = item.index % SLOTS;
            switch (row.segment.kind) {
              case "branch":
                return <BranchRow key={key} branch={row.segment.branch} name={row.segment.name} open={row.segment.open} onToggle={rows.toggle} onZoom={zoom} {...at} />;
              case "more": {
                const { path, missing } = row.segment;
                return <MoreRow key={key} missing={missing} onMore={() => void rows.more(path, rows.branchCount(path))} {...place} />;
              }
              case "calls":
                return row.call ? (
                  <CallRow key={key} call={row.call} flat={rows.flat} href={hrefOf(row.call.id)} opened={opened === row.call.id} onOpen={open} onTool={onTool} {...at} />
                ) : (
                  <WaitingRow key={key} {...place} />
                );
            }
          })}
        </div>
      </div>
      {opened && <CallDrawer id={opened} rows={rows} />}
    </Panel>
  );
}

/** The time of the rows from one to another: of calls and folded branches. */
function timesOf(rows: ReturnType<typeof useWaterfall>, from: number, to: number): Axis | null {
  const times: Axis[] = [];
  for (let at = from; at <= to; at++) {
    const row = rows.rowAt(at);
    if (row?.segment.kind === "branch" && !row.segment.open) times.push({ from: row.segment.branch.start_ms, to: row.segment.branch.end_ms });
    else if (row?.call) times.push({ from: row.call.start_ms, to: row.call.start_ms + (row.call.latency_ms ?? 0) });
  }
  return around(times);
}
