import { figure, groupName } from "@/api/metrics";
import { useTileAnswer } from "@/api/tiles";
import { BarList } from "@/components/BarList";
import { Empty } from "@/components/States";
import { byUnit, change } from "@/format/numbers";
import { dimensionName } from "@/components/measures/measures";
import { explorerOf, questionOf } from "./question";
import { TileFault, type TileProps } from "./TileBody";
import { TileLoaded } from "./TileLoaded";
import styles from "./TileContent.module.css";

/** The groups that have most of a measure. Each leads to its calls. */
export function ListTile(props: TileProps) {
  if (!props.tile.dimensions.length) return <TileFault>A list needs a column to group by. Edit the tile and choose one.</TileFault>;
  return <List {...props} />;
}

function List({ tile, scope, height }: TileProps) {
  const name = tile.measures[0]!;
  const query = useTileAnswer(questionOf(tile, scope, 1));
  return (
    <TileLoaded query={query} height={height} rows>
      {(answer) => {
        const unit = answer.measures[0]?.unit ?? "";
        const groups = answer.groups.filter((group) => group.totals[name] != null && group.totals[name] !== 0);
        if (!groups.length) return <Empty title="Nothing in this range" />;
        return (
          <div className={styles["scroll"]}>
            <BarList
              {...(/error|bad_/.test(name) ? { color: "--bad" } : {})}
              bars={groups.map((group) => ({
                key: JSON.stringify(group.key),
                label: groupName(group, `no ${dimensionName(tile.dimensions[0]!)}`),
                size: Math.max(0, figure(group.totals, name) ?? 0),
                value: byUnit(figure(group.totals, name), unit),
                beside: change(figure(group.totals, name), figure(group.previous, name)),
                to: "/requests",
                search: explorerOf({ ...tile, dimensions: tile.dimensions.slice(0, 1) }, scope, group),
              }))}
            />
          </div>
        );
      }}
    </TileLoaded>
  );
}
