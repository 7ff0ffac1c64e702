import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState, type KeyboardEvent } from "react";
import { bytes, count, duration } from "@/format/numbers";
import { JsonText } from "../JsonText";
import { visible } from "../visible";
import { useCallDocuments } from "../worker/CallDocuments";
import type { EventRow } from "../worker/protocol";
import { useRows } from "../worker/useRows";
import styles from "./Stream.module.css";
import { arrivalMs, type ChunkTimes } from "./timesOf";

const SHOWN = 20_000;

/** Events row by row: only those in view are drawn. The selected one shows its data. */
export function EventList({ version, events, times }: { version: number; events: number; times: ChunkTimes }) {
  const { worker } = useCallDocuments();
  const box = useRef<HTMLDivElement>(null);
  const [selected, setSelected] = useState<number | null>(null);
  const virtual = useVirtualizer({ count: events, getScrollElement: () => box.current, estimateSize: () => 26, overscan: 15 });
  const items = virtual.getVirtualItems();
  const rowAt = useRows<EventRow>(String(version), Math.max(0, (items[0]?.index ?? 0) - 1), items.at(-1)?.index ?? 0, (from, to) => worker.ask("events", from, to));
  const timeAt = (index: number) => {
    const row = index < 0 ? undefined : rowAt(index);
    return row && times.length ? arrivalMs(times, row.end) : null;
  };
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(events - 1, (selected ?? -1) + step));
    setSelected(next);
    virtual.scrollToIndex(next);
  };
  return (
    <>
      <div className={styles["head"]} aria-hidden="true" data-timed={times.length ? true : undefined}>
        <span>#</span>
        <span>{times.length ? "Time" : "Size"}</span>
        {times.length > 0 && <span>After</span>}
        <span>Event</span>
        <span>Adds</span>
      </div>
      <div ref={box} className={styles["scroll"]} role="listbox" aria-label="Events" tabIndex={0} onKeyDown={move}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const row = rowAt(item.index);
            const time = timeAt(item.index);
            const before = timeAt(item.index - 1);
            return (
              <div
                key={item.key}
                role="option"
                aria-selected={selected === item.index}
                className={styles["event"]}
                data-kind={row?.kind}
                data-timed={times.length ? true : undefined}
                style={{ transform: `translateY(${item.start}px)` }}
                onClick={() => setSelected(item.index)}
              >
                <span className="num">{count(item.index + 1)}</span>
                <span className="num">{row ? (times.length ? duration(time) : bytes(row.size)) : ""}</span>
                {times.length > 0 && <span className="num">{time !== null && before !== null ? `+${duration(time - before)}` : ""}</span>}
                <span className={styles["name"]}>{row?.name}</span>
                <span className={styles["adds"]}>{row?.kind === "text" || row?.kind === "reasoning" ? JSON.stringify(row.text).slice(1, -1) : row?.text}</span>
              </div>
            );
          })}
        </div>
      </div>
      {selected !== null && <EventData index={selected} version={version} />}
    </>
  );
}

function EventData({ index, version }: { index: number; version: number }) {
  const { worker } = useCallDocuments();
  const data = useQuery({ queryKey: ["event-data", worker.key, version, index], staleTime: Infinity, queryFn: () => worker.ask("eventData", index, SHOWN) });
  return <div className={styles["data"]}>{data.data !== undefined && <JsonText key={index} text={visible(data.data)} />}</div>;
}
