import { ActionIcon, Menu } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState, type HTMLAttributes } from "react";
import { Icon } from "@/components/Icon";
import { LegendSlot } from "@/components/Page";
import { writeScope, type Scope } from "@/state/search";
import { COLUMNS, type Tile } from "./content";
import { GAP, heightOf, ROW } from "./layout";
import { titleOf } from "@/components/measures/measures";
import { explorerOf } from "./question";
import { TileBody } from "./TileBody";
import styles from "./Tile.module.css";

interface Props {
  tile: Tile;
  scope: Scope;
  fault: string | undefined;
  editing: boolean;
  chosen: boolean;
  moving: boolean;
  grip: HTMLAttributes<HTMLButtonElement>;
  corner: HTMLAttributes<HTMLDivElement>;
  onEdit: () => void;
  onDuplicate: () => void;
  onRemove: () => void;
}

/** The frame of a tile: its title leads to its calls; while editing it has a grip, a menu and a corner. */
export function TileFrame({ tile, scope, fault, editing, chosen, moving, grip, corner, onEdit, onDuplicate, onRemove }: Props) {
  const [slot, setSlot] = useState<HTMLElement | null>(null);
  const title = titleOf(tile);
  const share = (columns: number) => `calc((100% + ${GAP}px) * ${columns} / ${COLUMNS}`;
  return (
    <section
      className={styles["tile"]}
      data-type={tile.type}
      data-editing={editing || undefined}
      data-chosen={chosen || undefined}
      data-moving={moving || undefined}
      aria-label={title}
      style={{ left: `${share(tile.x)})`, width: `${share(tile.w)} - ${GAP}px)`, top: tile.y * (ROW + GAP), height: heightOf(tile.h) }}
    >
      <header className={styles["head"]}>
        {editing && (
          <button type="button" className={styles["grip"]} aria-label={`Move ${title}: arrow keys move it, with Shift they size it`} title="Drag, or use the arrow keys; with Shift they size it" {...grip}>
            <Icon name="grip" />
          </button>
        )}
        <h2 title={title}>
          {fault ? (
            title
          ) : (
            <Link to={"/requests" as string} search={writeScope(explorerOf(tile, scope)) as never}>
              {title}
            </Link>
          )}
        </h2>
        {subOf(tile) && (
          <span className={styles["sub"]} title={subOf(tile)}>
            {subOf(tile)}
          </span>
        )}
        <div ref={setSlot} className={styles["legend"]} />
        {editing && (
          <div className={styles["actions"]}>
            <ActionIcon aria-label={`Edit ${title}`} onClick={onEdit} size="sm">
              <Icon name="edit" size={14} />
            </ActionIcon>
            <Menu>
              <Menu.Target>
                <ActionIcon aria-label={`More about ${title}`} size="sm">
                  <Icon name="more" size={14} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={onEdit}>Edit</Menu.Item>
                <Menu.Item onClick={onDuplicate}>Duplicate</Menu.Item>
                <Menu.Item color="red" onClick={onRemove}>
                  Remove
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </div>
        )}
      </header>
      <LegendSlot value={slot}>
        <TileBody tile={tile} scope={scope} fault={fault} />
      </LegendSlot>
      {editing && <div className={styles["corner"]} aria-hidden="true" {...corner} />}
    </section>
  );
}

/** What of a tile differs from the board: its range and its filter. */
function subOf(tile: Tile): string {
  const range = tile.since ? (/^\d+[smhdw]$/.test(tile.since) && !tile.until ? `last ${tile.since}` : `${tile.since} – ${tile.until || "now"}`) : "";
  return [range, tile.title ? "" : tile.q].filter(Boolean).join(", ");
}
