import { useMemo, useState, type MouseEvent } from "react";
import { useCallPages, type CallQuestion } from "@/api/callPages";
import { isFailed, isRefused, numberOf, type CallRow } from "@/api/callRow";
import { useNeighbours } from "@/api/requests";
import { DataTable, type Column } from "@/components/DataTable";
import { loadable } from "@/components/loadable";
import { count } from "@/format/numbers";
import { readSort, useScope, writeScope, writeSort } from "@/state/search";
import { stringifySearch } from "@/state/url";
import { BarScale } from "./cells";
import { CompactCall } from "./CompactCall";
import type { ListColumn } from "./columns";
import { LiveBar } from "./LiveBar";
import { NothingMatches } from "./NothingMatches";
import { useAtTop } from "./useAtTop";
import { useLive } from "./useLive";
import { useOpenCall } from "./useOpenCall";
import styles from "./CallList.module.css";

const Drawer = loadable(() => import("@/pages/request/Drawer").then((module) => module.Drawer));

interface Props {
  question: CallQuestion;
  columns: ListColumn[];
  live: boolean;
  /** Whether the list answers an earlier question, while the one of the URL is on its way or cannot be read. */
  stale: boolean;
}

/** The calls of a question, and the one that is open beside them. */
export function CallList({ question, columns, live, stale }: Props) {
  const [scope, setScope] = useScope();
  const pages = useCallPages(question);
  Drawer.useSoon();
  const atTop = useAtTop(live);
  const [cursor, setCursor] = useState(-1);
  const open = typeof scope["call"] === "string" ? scope["call"] : "";
  const tail = useLive(pages, question, live, !atTop || open !== "" || cursor > 0);
  const { list } = tail;
  const place = useOpenCall(list, open);
  const neighbours = useNeighbours(open, readSort(scope["sort"]), open !== "" && place < 0);
  const scale = useScale(list.at(0) ? Array.from({ length: 100 }, (_, index) => list.at(index)) : []);
  const drawn = useMemo<Column<CallRow>[]>(() => columns.map(({ id, column }) => ({ id, ...column })), [columns]);
  const show = (id: string | null | undefined, replace: boolean) => (id ? () => setScope({ call: id }, replace) : undefined);
  const search = stringifySearch(writeScope({ q: scope.q, since: scope.since, until: scope.until, zone: scope.zone, sort: scope["sort"] }));
  if (list.count === 0) return <NothingMatches />;
  return (
    <div className={styles["list"]} data-stale={stale || undefined}>
      {live && <LiveBar state={tail.state} waiting={tail.waiting} onShow={tail.show} />}
      <BarScale value={scale}>
        <DataTable
          label="Requests"
          columns={drawn}
          rows={list}
          rowKey={(row) => row.id}
          sort={readSort(scope["sort"]) ?? { column: "start", direction: "desc" }}
          onSort={(next) => setScope({ sort: next.column === "start" && next.direction === "desc" ? "" : writeSort(next), live: "" })}
          tone={toneOf}
          selected={open}
          reveal={place}
          compact={CompactCall}
          fresh={tail.isFresh}
          onView={list.onView}
          onCursor={setCursor}
          onOpen={(row) => setScope({ call: row.id })}
          rowLink={(row) => (
            // A plain link: the router's own would be the most costly part of a row.
            <a
              data-row-link
              href={`/requests/${row.id}${search}`}
              aria-label={`Request ${row.id}`}
              onClick={(event) => {
                if (!isPlain(event)) return;
                event.preventDefault();
                setScope({ call: row.id });
              }}
            />
          )}
          footer={list.ended ? `${count(list.count)} ${list.count === 1 ? "call" : "calls"}, all of this filter` : "Loading more …"}
        />
      </BarScale>
      {open && (
        <Drawer.Part
          id={open}
          onClose={() => setScope({ call: "", tab: "" })}
          onPrevious={show(place < 0 ? neighbours.data?.previous : place > 0 ? list.at(place - 1)?.id : null, true)}
          onNext={show(place < 0 ? neighbours.data?.next : list.at(place + 1)?.id, true)}
        />
      )}
    </div>
  );
}

function toneOf(row: CallRow): "bad" | "warn" | undefined {
  return isRefused(row) ? "warn" : isFailed(row) ? "bad" : undefined;
}

/** Whether a click is to open here: not in a new tab or window. */
function isPlain(event: MouseEvent): boolean {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}

/** The latency of a full bar: as long as nearly all of the first calls took, so that one outlier does not flatten all. */
function useScale(rows: (CallRow | undefined)[]): number {
  const key = rows[0]?.id;
  return useMemo(() => {
    const known = rows.flatMap((row) => (row ? (numberOf(row, "latency_ms") ?? []) : [])).sort((a, b) => a - b);
    return known[Math.floor(known.length * 0.98)] ?? 1000;
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key === undefined]);
}
