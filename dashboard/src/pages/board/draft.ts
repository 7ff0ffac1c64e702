/** Changes to a board that are not saved yet: they can be undone, and a reload keeps them. Pure. */

import { readBoard, type Board } from "./content";

export interface Draft {
  board: Board;
  past: Board[];
  future: Board[];
  /** The revision of the saved board that the changes are made to. */
  revision: number;
}

const MOST_STEPS = 100;

export function begin(board: Board, revision: number): Draft {
  return { board, past: [], future: [], revision };
}

export function changed(draft: Draft): boolean {
  return draft.past.length > 0;
}

/** One more change; what was undone before cannot be done again. */
export function step(draft: Draft, board: Board): Draft {
  if (same(board, draft.board)) return draft;
  return { ...draft, board, past: [...draft.past, draft.board].slice(-MOST_STEPS), future: [] };
}

export function undo(draft: Draft): Draft {
  const before = draft.past.at(-1);
  return before ? { ...draft, board: before, past: draft.past.slice(0, -1), future: [draft.board, ...draft.future] } : draft;
}

export function redo(draft: Draft): Draft {
  const [next, ...rest] = draft.future;
  return next ? { ...draft, board: next, past: [...draft.past, draft.board], future: rest } : draft;
}

export function same(one: Board, other: Board): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What this browser keeps of it: the saved board's revision and the board as it was left. */
export function keepDraft(key: string, draft: Draft): void {
  try {
    if (changed(draft)) localStorage.setItem(key, JSON.stringify({ board: draft.board, revision: draft.revision }));
    else localStorage.removeItem(key);
  } catch {
    // full, or not allowed: the page still has it
  }
}

/** The changes that were left in this browser, as one step from the saved board. */
export function resume(key: string, saved: Board, revision: number): Draft {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "null") as { board?: unknown; revision?: unknown } | null;
    const read = found ? readBoard(found.board) : null;
    if (found && read && !read.fault) return step(begin(saved, Number(found.revision) || revision), read.board);
  } catch {
    // written by hand, or not allowed
  }
  return begin(saved, revision);
}
