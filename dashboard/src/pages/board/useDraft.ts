import { useCallback, useEffect, useState } from "react";
import { isTyping } from "@/app/Shortcuts";
import type { Board } from "./content";
import { begin, changed, keepDraft, redo, resume, step, undo, type Draft } from "./draft";

/** The board as it is edited. Ctrl-Z undoes, Ctrl-Shift-Z does again. */
export function useDraft(key: string, saved: Board, revision: number) {
  const [draft, setDraft] = useState<Draft>(() => resume(key, saved, revision));
  useEffect(() => keepDraft(key, draft), [key, draft]);
  const change = useCallback((next: Board | ((before: Board) => Board)) => setDraft((before) => step(before, typeof next === "function" ? next(before.board) : next)), []);
  const back = useCallback(() => setDraft(undo), []);
  const again = useCallback(() => setDraft(redo), []);
  /** It is saved as it is now, or the saved one is taken. */
  const settle = useCallback((board: Board, at: number) => setDraft(begin(board, at)), []);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || isTyping(event)) return;
      event.preventDefault();
      if (event.shiftKey) again();
      else back();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [back, again]);
  return { draft, changed: changed(draft), change, back, again, settle };
}
