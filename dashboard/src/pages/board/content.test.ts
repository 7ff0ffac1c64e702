import { expect, it } from "vitest";
import { EMPTY_BOARD, readBoard } from "./content";
import { TEMPLATES } from "./templates";

const tile = { id: "a", type: "line", measures: ["cost"] };

it("reads a board, with what is absent as usual", () => {
  const { board, faults, fault } = readBoard({ tiles: [tile], note: "n" });
  expect({ faults, fault }).toEqual({ faults: {}, fault: "" });
  expect(board.tiles[0]).toEqual({ ...tile, title: "", dimensions: [], q: "", since: "", until: "", bucket: "", top: 0, x: 0, y: 0, w: 4, h: 4 });
});

it("keeps a tile that it cannot draw, with a word why", () => {
  const { board, faults } = readBoard({ tiles: [{ id: "g", type: "gauge", measures: ["cost"] }, { id: "m", type: "bar" }, 7, { ...tile, w: 99, x: 50, y: -3 }] });
  expect(board.tiles.map((each) => each.id)).toEqual(["g", "m", "tile-2", "a"]);
  expect(faults["g"]).toContain('the type "gauge"');
  expect(faults["m"]).toBe("This tile names no measure.");
  expect(faults["tile-2"]).toBe("This tile is not an object.");
  expect(board.tiles[3]).toMatchObject({ w: 12, x: 0, y: 0 });
});

it("gives two tiles with one id two ids", () => {
  expect(readBoard({ tiles: [tile, tile] }).board.tiles.map((each) => each.id)).toEqual(["a", "a-1"]);
});

it("is an empty board with a fault where the document is none", () => {
  for (const bad of [null, "text", [], { tiles: {} }]) expect(readBoard(bad)).toMatchObject({ board: EMPTY_BOARD, fault: "The saved document holds no list of tiles." });
});

it("reads every template whole", () => {
  for (const template of TEMPLATES) expect(readBoard(JSON.parse(JSON.stringify(template.board)))).toEqual({ board: template.board, faults: {}, fault: "" });
});
