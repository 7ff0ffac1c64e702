import { useElementSize } from "@mantine/hooks";
import { Component, type ReactNode } from "react";
import type { Scope } from "@/state/search";
import type { Tile } from "./content";
import { HeatTile } from "./HeatTile";
import { ListTile } from "./ListTile";
import { NumberTile } from "./NumberTile";
import { SeriesTile } from "./SeriesTile";
import { TableTile } from "./TableTile";
import styles from "./Tile.module.css";

export interface TileProps {
  tile: Tile;
  scope: Scope;
  height: number;
  width: number;
}

const KINDS = { line: SeriesTile, area: SeriesTile, bar: SeriesTile, number: NumberTile, list: ListTile, table: TableTile, heatmap: HeatTile };

/** What a tile shows. A fault of one tile is said in its place; the others go on. */
export function TileBody({ tile, scope, fault }: { tile: Tile; scope: Scope; fault?: string | undefined }) {
  const { ref, width, height } = useElementSize();
  const Kind = KINDS[tile.type];
  return (
    <div ref={ref} className={styles["body"]} data-type={tile.type}>
      {fault ? (
        <TileFault>{fault}</TileFault>
      ) : (
        <Guard key={JSON.stringify({ ...tile, x: 0, y: 0, w: 0, h: 0 })}>{width > 0 && <Kind tile={tile} scope={scope} width={width} height={height} />}</Guard>
      )}
    </div>
  );
}

/** Why a tile shows nothing. */
export function TileFault({ children }: { children: ReactNode }) {
  return (
    <div className={styles["fault"]} role="alert">
      {children}
    </div>
  );
}

class Guard extends Component<{ children: ReactNode }, { failed: string }> {
  override state = { failed: "" };
  static getDerivedStateFromError(error: unknown) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
  override render() {
    return this.state.failed ? <TileFault>This tile cannot be drawn: {this.state.failed}</TileFault> : this.props.children;
  }
}
