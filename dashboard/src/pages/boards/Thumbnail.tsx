import { COLUMNS, type Tile } from "@/pages/board/content";
import { rowsOf } from "@/pages/board/layout";
import styles from "./Boards.module.css";

const ROWS = 14;

/** A board's tiles in small, so that it is known again. */
export function Thumbnail({ tiles }: { tiles: Tile[] }) {
  const rows = Math.max(8, Math.min(ROWS, rowsOf(tiles)));
  return (
    <svg className={styles["thumbnail"]} viewBox={`0 0 ${COLUMNS * 10} ${rows * 4}`} preserveAspectRatio="none" aria-hidden="true">
      {tiles
        .filter((tile) => tile.y < rows)
        .map((tile) => (
          <rect key={tile.id} data-type={tile.type} x={tile.x * 10 + 0.7} y={tile.y * 4 + 0.5} width={tile.w * 10 - 1.4} height={Math.min(tile.h, rows - tile.y) * 4 - 1} rx={1} />
        ))}
    </svg>
  );
}
