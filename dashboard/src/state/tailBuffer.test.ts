import { expect, it } from "vitest";
import { TAIL_ROWS, arrive, emptyTail, resume } from "./tailBuffer";

const rows = (...ids: number[]) => ids.map((id) => ({ id: String(id) }));
const many = (count: number, from = 0) => rows(...Array.from({ length: count }, (_, at) => from + count - at));

it("new calls stand at the top, once", () => {
  let tail = arrive(emptyTail<{ id: string }>(), rows(2, 1), false);
  tail = arrive(tail, rows(3, 2), false);
  expect(tail.shown).toEqual(rows(3, 2, 1));
});

it("while paused they wait and are counted", () => {
  const tail = arrive(arrive(emptyTail<{ id: string }>(), rows(1), false), rows(3, 2), true);
  expect(tail).toEqual({ shown: rows(1), waiting: rows(3, 2), count: 2 });
  expect(resume(tail)).toEqual({ shown: rows(3, 2, 1), waiting: [], count: 0 });
});

it("waiting calls are bounded; then the list is read again", () => {
  const tail = arrive(emptyTail<{ id: string }>(), many(TAIL_ROWS + 1), true);
  expect(tail.waiting).toHaveLength(TAIL_ROWS);
  expect(tail.count).toBe(TAIL_ROWS + 1);
  expect(resume(tail)).toBeNull();
});
