/** Places of tiles on a grid of 12 columns. Tiles never overlap, and fall upwards until they meet another. */

import { COLUMNS } from "./content";

export interface Box {
  id: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

export const ROW = 44;
export const GAP = 16;

/** The height in pixels of so many rows. */
export function heightOf(rows: number): number {
  return rows * (ROW + GAP) - GAP;
}

export function overlap(one: Box, other: Box): boolean {
  return one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;
}

/** All tiles as high as they can be, in their order. */
export function compact<T extends Box>(tiles: T[]): T[] {
  const placed: T[] = [];
  for (const tile of inOrder(tiles)) {
    let next = { ...tile };
    while (placed.some((each) => overlap(each, next))) next = { ...next, y: next.y + 1 };
    while (next.y > 0 && !placed.some((each) => overlap(each, { ...next, y: next.y - 1 }))) next = { ...next, y: next.y - 1 };
    placed.push(next);
  }
  return tiles.map((tile) => placed.find((each) => each.id === tile.id)!);
}

/** One tile at another place or of another size; those in its way move down. */
export function place<T extends Box>(tiles: T[], id: string, to: Partial<Omit<Box, "id">>): T[] {
  const before = tiles.find((each) => each.id === id);
  if (!before) return tiles;
  const w = within(to.w ?? before.w, 1, COLUMNS);
  const moved: T = { ...before, w, h: within(to.h ?? before.h, 1, 20), x: within(to.x ?? before.x, 0, COLUMNS - w), y: within(to.y ?? before.y, 0, 999) };
  const placed: T[] = [moved];
  // The others fall into the gap that it leaves first, so that it can be moved below them.
  for (const tile of inOrder(compact(tiles.filter((each) => each.id !== id)))) {
    let next = { ...tile };
    while (placed.some((each) => overlap(each, next))) next = { ...next, y: next.y + 1 };
    placed.push(next);
  }
  return compact(tiles.map((tile) => placed.find((each) => each.id === tile.id)!));
}

/** Where a new tile of a size goes: the first free place from the top left. */
export function freePlace(tiles: Box[], w: number, h: number): { x: number; y: number } {
  for (let y = 0; ; y++) {
    for (let x = 0; x + w <= COLUMNS; x++) {
      const box = { id: "", x, y, w, h };
      if (!tiles.some((each) => overlap(each, box))) return { x, y };
    }
  }
}

/** From the top left, as they are read, and as a phone shows them. */
export function inOrder<T extends Box>(tiles: T[]): T[] {
  return [...tiles].sort((one, other) => one.y - other.y || one.x - other.x);
}

/** How many rows the tiles take. */
export function rowsOf(tiles: Box[]): number {
  return Math.max(0, ...tiles.map((each) => each.y + each.h));
}

function within(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
