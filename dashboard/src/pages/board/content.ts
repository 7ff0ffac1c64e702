/** What a board holds, read from a saved document. A document may be older than this page, or written by hand. */

export const TILE_TYPES = ["line", "area", "bar", "number", "list", "table", "heatmap"] as const;
export type TileType = (typeof TILE_TYPES)[number];

export interface Tile {
  id: string;
  type: TileType;
  measures: string[];
  title: string;
  dimensions: string[];
  q: string;
  since: string;
  until: string;
  bucket: string;
  top: number;
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Board {
  tiles: Tile[];
  note: string;
  q: string;
  since: string;
  until: string;
}

/** A board as it was read, and what of it could not be: a tile's fault stands at its place. */
export interface ReadBoard {
  board: Board;
  /** By id of the tile. */
  faults: Record<string, string>;
  /** Set where the document is no board at all. */
  fault: string;
}

export const COLUMNS = 12;
const MOST_TILES = 40;

const DEFAULT_SIZES: Record<TileType, [w: number, h: number]> = { line: [6, 5], area: [6, 5], bar: [6, 5], number: [3, 2], list: [4, 5], table: [6, 5], heatmap: [6, 5] };

export function newTile(type: TileType, more: Partial<Tile> = {}): Tile {
  const [w, h] = DEFAULT_SIZES[type];
  return { id: newId(), type, measures: [], title: "", dimensions: [], q: "", since: "", until: "", bucket: "", top: 0, x: 0, y: 0, w, h, ...more };
}

export function newId(): string {
  return crypto.randomUUID().slice(0, 8);
}

export const EMPTY_BOARD: Board = { tiles: [], note: "", q: "", since: "", until: "" };

export function readBoard(content: unknown): ReadBoard {
  const faults: Record<string, string> = {};
  if (!isRecord(content) || (content["tiles"] !== undefined && !Array.isArray(content["tiles"]))) {
    return { board: EMPTY_BOARD, faults, fault: "The saved document holds no list of tiles." };
  }
  const seen = new Set<string>();
  const tiles = ((content["tiles"] ?? []) as unknown[]).slice(0, MOST_TILES).map((raw, index) => {
    const given = isRecord(raw) ? raw : {};
    let id = word(given["id"]) || `tile-${index}`;
    if (seen.has(id)) id = `${id}-${index}`;
    seen.add(id);
    const type = TILE_TYPES.find((each) => each === given["type"]);
    const measures = words(given["measures"]);
    if (!isRecord(raw)) faults[id] = "This tile is not an object.";
    else if (!type) faults[id] = `This tile has the type "${word(given["type"]) || "none"}", which this version does not know. It knows ${TILE_TYPES.join(", ")}.`;
    else if (!measures.length) faults[id] = "This tile names no measure.";
    const w = whole(given["w"], 1, COLUMNS, 4);
    return {
      id,
      type: type ?? "number",
      measures,
      title: word(given["title"]),
      dimensions: words(given["dimensions"]).slice(0, 4),
      q: word(given["q"]),
      since: word(given["since"]),
      until: word(given["until"]),
      bucket: word(given["bucket"]),
      top: whole(given["top"], 0, 100, 0),
      x: Math.min(whole(given["x"], 0, COLUMNS - 1, 0), COLUMNS - w),
      y: whole(given["y"], 0, 999, index * 4),
      w,
      h: whole(given["h"], 1, 20, 4),
    };
  });
  return { board: { tiles, note: word(content["note"]), q: word(content["q"]), since: word(content["since"]), until: word(content["until"]) }, faults, fault: "" };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function words(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string" && each !== "") : [];
}

function whole(value: unknown, least: number, most: number, usual: number): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(least, Math.min(most, Math.round(value))) : usual;
}

/** The board as the API takes it. */
export function asContent(board: Board): Record<string, never> {
  return board as unknown as Record<string, never>;
}
