import { useEffect, useRef, type RefObject } from "react";
import { isTyping } from "@/app/Shortcuts";

interface Keys {
  move: (step: number) => void;
  /** Chooses the cell to the right (1) or the left (-1). */
  turn: (step: number) => void;
  open: () => boolean;
  /** Filters by the chosen cell, excludes it, or copies it. */
  act: (key: "f" | "x" | "c") => boolean;
}

const STEPS: Record<string, number> = { j: 1, k: -1 };
const TURNS: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };

/** The keys of a table: `j` `k` for rows, arrows for cells, `o` to open, `f` `x` `c` for the chosen cell's value.
 * Where a page has several tables, they are those of the one with the focus, or else of the first. */
export function useTableKeys(table: RefObject<HTMLElement | null>, keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || document.querySelector("[role=dialog]")) return;
      const mine = document.activeElement?.closest("[role=table]") ?? document.querySelector("[role=table]");
      if (mine !== table.current) return;
      const { move, turn, open, act } = latest.current;
      const { key } = event;
      if (STEPS[key]) move(STEPS[key]);
      else if (TURNS[key]) turn(TURNS[key]);
      else if (key === "o" ? !open() : key === "f" || key === "x" || key === "c" ? !act(key) : true) return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [table]);
}
