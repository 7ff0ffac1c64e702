import { COLUMNS, type Tile } from "@/pages/board/content";
import { rowsOf } from "@/pages/board/layout";
import styles from "./Boards.module.css";

const ROWS = 14;
/** A tile's cell in the drawing. */
const WIDE = 10;
const HIGH = 5;

/** A board's tiles in small, each with a sign of its kind, so that it is known again. */
export function Thumbnail({ tiles }: { tiles: Tile[] }) {
  const rows = Math.max(8, Math.min(ROWS, rowsOf(tiles)));
  return (
    <svg className={styles["thumbnail"]} viewBox={`0 0 ${COLUMNS * WIDE} ${rows * HIGH}`} preserveAspectRatio="none" aria-hidden="true">
      {tiles
        .filter((tile) => tile.y < rows)
        .map((tile) => {
          const box = { x: tile.x * WIDE + 0.7, y: tile.y * HIGH + 0.6, width: tile.w * WIDE - 1.4, height: Math.min(tile.h, rows - tile.y) * HIGH - 1.2 };
          return (
            <g key={tile.id}>
              <rect {...box} rx={1} />
              <path data-type={tile.type} d={signOf(tile.type, box)} />
            </g>
          );
        })}
    </svg>
  );
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Heights of a made-up curve: the picture says what kind of tile it is, not what it shows. */
const CURVE = [0.35, 0.55, 0.4, 0.7, 0.5, 0.85, 0.6, 0.75];

function signOf(type: Tile["type"], { x, y, width, height }: Box): string {
  const [left, top, wide, high] = [x + 2, y + 1.6, width - 4, height - 3.2];
  const line = (from: number, at: number, long: number) => `M${from} ${at}h${long}`;
  switch (type) {
    case "line":
      return CURVE.map((each, at) => `${at ? "L" : "M"}${left + (wide * at) / (CURVE.length - 1)} ${top + high * (1 - each)}`).join("");
    case "area":
    case "bar":
      return Array.from({ length: Math.max(3, Math.round(wide / 4)) }, (_, at, step = wide / Math.max(3, Math.round(wide / 4))) => `M${left + step * (at + 0.5)} ${top + high}V${top + high * (1 - CURVE[at % CURVE.length]!)}`).join("");
    case "heatmap":
      return [0.2, 0.5, 0.8].map((each, at) => line(left + wide * 0.1 * at, top + high * each, wide * (0.9 - 0.2 * at))).join("");
    case "list":
      return [0.2, 0.5, 0.8].map((each, at) => line(left, top + high * each, wide * (0.8 - 0.25 * at))).join("");
    case "table":
      return [0.15, 0.5, 0.85].map((each) => line(left, top + high * each, wide)).join("");
    default:
      return line(left, y + height / 2, Math.min(12, wide * 0.5));
  }
}
