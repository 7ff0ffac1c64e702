import { expect, it } from "vitest";
import { EMPTY_BOARD } from "./content";
import { begin, changed, redo, step, undo } from "./draft";

const named = (note: string) => ({ ...EMPTY_BOARD, note });

it("changes can be undone and done again", () => {
  let draft = step(step(begin(named("a"), 3), named("b")), named("c"));
  draft = undo(draft);
  expect([draft.board.note, draft.revision]).toEqual(["b", 3]);
  expect(redo(draft).board.note).toBe("c");
  draft = undo(undo(draft));
  expect([draft.board.note, changed(draft)]).toEqual(["a", false]);
  expect(redo(redo(redo(draft))).board.note).toBe("c");
});

it("a new change ends what could be done again, and the same board is no change", () => {
  const draft = step(undo(step(begin(named("a"), 1), named("b"))), named("d"));
  expect(redo(draft).board.note).toBe("d");
  expect(step(draft, named("d"))).toBe(draft);
});

it("steps have an end", () => {
  let draft = begin(named("0"), 1);
  for (let index = 1; index < 300; index++) draft = step(draft, named(String(index)));
  expect(draft.past.length).toBe(100);
});
