import { describe, expect, it } from "vitest";
import { compact, freePlace, inOrder, overlap, place, rowsOf, type Box } from "./layout";

const box = (id: string, x: number, y: number, w = 4, h = 2): Box => ({ id, x, y, w, h });
const at = (tiles: Box[]) => Object.fromEntries(tiles.map((each) => [each.id, [each.x, each.y]]));

function noneOverlap(tiles: Box[]): boolean {
  return tiles.every((one, index) => tiles.slice(index + 1).every((other) => !overlap(one, other)));
}

describe("tiles", () => {
  it("fall upwards until they meet another", () => {
    expect(at(compact([box("a", 0, 3), box("b", 0, 9), box("c", 6, 5)]))).toEqual({ a: [0, 0], b: [0, 2], c: [6, 0] });
  });
  it("make room for one that is moved onto them", () => {
    const tiles = [box("a", 0, 0), box("b", 4, 0), box("c", 8, 0)];
    expect(at(place(tiles, "c", { x: 0, y: 0 }))).toEqual({ a: [0, 2], b: [4, 0], c: [0, 0] });
    expect(at(place(tiles, "a", { w: 8 }))).toEqual({ a: [0, 0], b: [4, 2], c: [8, 0] });
  });
  it("stay inside of the grid", () => {
    const [tile] = place([box("a", 0, 0)], "a", { x: 40, y: -5, w: 6, h: 90 });
    expect(tile).toEqual({ id: "a", x: 6, y: 0, w: 6, h: 20 });
  });
  it("change places downwards, too", () => {
    expect(at(place([box("a", 0, 0), box("b", 0, 2)], "a", { y: 3 }))).toEqual({ a: [0, 2], b: [0, 0] });
  });
  it("never overlap, whatever is moved", () => {
    let tiles = Array.from({ length: 9 }, (_, index) => box(`t${index}`, (index % 3) * 4, Math.floor(index / 3) * 2));
    for (let step = 0; step < 200; step++) {
      tiles = place(tiles, `t${(step * 7) % 9}`, { x: (step * 5) % 13, y: (step * 3) % 11, w: 1 + ((step * 11) % 12), h: 1 + (step % 5) });
      expect(noneOverlap(tiles)).toBe(true);
    }
  });
  it("have a first free place", () => {
    expect(freePlace([box("a", 0, 0), box("b", 4, 0)], 4, 2)).toEqual({ x: 8, y: 0 });
    expect(freePlace([box("a", 0, 0), box("b", 4, 0)], 6, 2)).toEqual({ x: 0, y: 2 });
    expect(freePlace([], 12, 1)).toEqual({ x: 0, y: 0 });
  });
  it("are read from the top left", () => expect(inOrder([box("b", 4, 0), box("c", 0, 2), box("a", 0, 0)]).map((each) => each.id)).toEqual(["a", "b", "c"]));
  it("take rows", () => expect([rowsOf([]), rowsOf([box("a", 0, 3)])]).toEqual([0, 5]));
});
