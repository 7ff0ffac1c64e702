import { useEffect, useRef } from "react";
import { isTyping } from "@/app/Shortcuts";
import type { Axis } from "./axis";
import type { Waterfall } from "./useWaterfall";
import { axisOfRow } from "./Waterfall";

/** `j` `k` move, arrows fold and unfold, `o` opens, `e` goes to the next error, `z` shows the row's time, Escape all of it. */
export function useWaterfallKeys(rows: Waterfall, zoom: (axis: Axis | null) => void): void {
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

function act(key: string, rows: Waterfall, zoom: (axis: Axis | null) => void): boolean {
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
      zoom(null);
      return true;
    default:
      return false;
  }
}
