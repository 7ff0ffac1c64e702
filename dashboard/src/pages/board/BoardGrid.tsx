import { useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import type { Scope } from "@/state/search";
import { COLUMNS, type Tile } from "./content";
import { GAP, heightOf, inOrder, place, ROW, rowsOf } from "./layout";
import { TileFrame } from "./TileFrame";
import { titleOf } from "@/components/measures/measures";
import styles from "./BoardGrid.module.css";

interface Props {
  tiles: Tile[];
  faults: Record<string, string>;
  scope: Scope;
  editing: boolean;
  chosen: string;
  onChange: (tiles: Tile[]) => void;
  onEdit: (tile: Tile) => void;
  onDuplicate: (tile: Tile) => void;
  onRemove: (tile: Tile) => void;
}

interface Drag {
  id: string;
  resize: boolean;
  fromX: number;
  fromY: number;
  tile: Tile;
  tiles: Tile[];
}

/** The tiles at their places. While editing they are moved by their grip and sized by their corner, or with the arrow keys. */
export function BoardGrid(props: Props) {
  const { tiles, editing, onChange } = props;
  const host = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag | null>(null);
  const [shown, setShown] = useState<Tile[] | null>(null);
  const [said, setSaid] = useState("");
  const current = shown ?? tiles;

  const grab = (event: PointerEvent, tile: Tile, resize: boolean) => {
    if (event.button !== 0) return;
    event.preventDefault();
    (event.currentTarget as HTMLElement).focus();
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { id: tile.id, resize, fromX: event.pageX, fromY: event.pageY, tile, tiles };
    setShown(tiles);
  };
  const pull = (event: PointerEvent) => {
    const now = drag.current;
    if (!now || !host.current) return;
    const column = (host.current.clientWidth + GAP) / COLUMNS;
    const across = Math.round((event.pageX - now.fromX) / column);
    const down = Math.round((event.pageY - now.fromY) / (ROW + GAP));
    setShown(place(now.tiles, now.id, now.resize ? { w: Math.min(now.tile.w + across, COLUMNS - now.tile.x), h: now.tile.h + down } : { x: now.tile.x + across, y: Math.max(0, now.tile.y + down) }));
  };
  const drop = (keep: boolean) => {
    if (!drag.current) return;
    drag.current = null;
    if (keep && shown) onChange(shown);
    setShown(null);
  };
  const press = (event: KeyboardEvent, tile: Tile) => {
    if (event.key === "Escape" && drag.current) return drop(false);
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [across, down] = step as [number, number];
    const next = event.shiftKey ? place(tiles, tile.id, { w: tile.w + across, h: tile.h + down }) : place(tiles, tile.id, { x: tile.x + across, y: down > 0 ? below(tiles, tile) : Math.max(0, tile.y + down) });
    onChange(next);
    const to = next.find((each) => each.id === tile.id)!;
    setSaid(`${titleOf(tile)}: column ${to.x + 1}, row ${to.y + 1}, ${to.w} wide, ${to.h} high`);
  };
  return (
    <div ref={host} className={styles["grid"]} style={{ height: heightOf(rowsOf(current)) }}>
      {/* While editing the order of elements stays: one that is put elsewhere would lose the pointer and the focus. */}
      {(editing ? current : inOrder(current)).map((tile) => (
        <TileFrame
          key={tile.id}
          tile={tile}
          scope={props.scope}
          fault={props.faults[tile.id]}
          editing={editing}
          chosen={props.chosen === tile.id}
          moving={drag.current?.id === tile.id}
          grip={{ onPointerDown: (event) => grab(event, tile, false), onPointerMove: pull, onPointerUp: () => drop(true), onPointerCancel: () => drop(false), onKeyDown: (event) => press(event, tile) }}
          corner={{ onPointerDown: (event) => grab(event, tile, true), onPointerMove: pull, onPointerUp: () => drop(true), onPointerCancel: () => drop(false) }}
          onEdit={() => props.onEdit(tile)}
          onDuplicate={() => props.onDuplicate(tile)}
          onRemove={() => props.onRemove(tile)}
        />
      ))}
      <div className={styles["said"]} role="status" aria-live="polite">
        {said}
      </div>
    </div>
  );
}

/** A row below the tile that it rests on top of, so that one press moves it past that one. */
function below(tiles: Tile[], tile: Tile): number {
  const under = tiles.filter((each) => each.id !== tile.id && each.y >= tile.y + tile.h && each.x < tile.x + tile.w && tile.x < each.x + each.w);
  return under.length ? Math.min(...under.map((each) => each.y + each.h)) - tile.h + 1 : tile.y + 1;
}
