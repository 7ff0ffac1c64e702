import { useEffect, useRef } from "react";
import { isTyping } from "@/app/Shortcuts";
import type { Axis } from "./axis";
import type { Waterfall } from "./useWaterfall";

/** `j` `k` move, arrows fold and unfold, `o` opens, `e` goes to the next error, `z` shows the row's time, Escape all of it. */
export function useWaterfallKeys(rows: Waterfall, zoom: (axis: Axis | "all" | "rows") => void): void {
  const latest = useRef({ rows, zoom });
  latest.current = { rows, zoom };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || document.querySelector("[role=dialog]")) return;
      if (act(event.key, latest.current.rows, latest.current.zoom)) event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

function act(key: string, rows: Waterfall, zoom: (axis: Axis | "all" | "rows") => void): boolean {
  const row = rows.rowAt(rows.cursor);
  const branch = row?.segment.kind === "branch" ? row.segment : undefined;
  switch (key) {
    case "j":
    case "k":
      rows.go(Math.max(0, Math.min(rows.count - 1, rows.cursor + (key === "j" ? 1 : -1))));
      return true;
    case "ArrowRight":
    case "ArrowLeft":
      if (!branch || branch.open !== (key === "ArrowLeft")) return false;
      rows.toggle(branch.branch.path);
      return true;
    case "o":
    case "Enter":
      if (branch) rows.toggle(branch.branch.path);
      else if (row?.call) rows.openCall(row.call.id);
      else return false;
      return true;
    case "e":
      void rows.nextError();
      return true;
    case "z": {
      const axis = axisOfRow(rows);
      if (axis) zoom(axis);
      return axis !== null;
    }
    case "Escape":
      zoom("all");
      return true;
    default:
      return false;
  }
}

/** What `z` shows of a row: its own time. */
function axisOfRow(rows: Waterfall): Axis | null {
  const row = rows.rowAt(rows.cursor);
  if (row?.segment.kind === "branch") return { from: row.segment.branch.start_ms, to: row.segment.branch.end_ms };
  return row?.call ? { from: row.call.start_ms, to: row.call.start_ms + (row.call.latency_ms ?? 0) } : null;
}
