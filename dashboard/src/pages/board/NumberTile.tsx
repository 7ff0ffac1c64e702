import { figure } from "@/api/metrics";
import { useTileAnswer } from "@/api/tiles";
import { Sparkline } from "@/components/Sparkline";
import { byUnit, change, count } from "@/format/numbers";
import { questionOf } from "./question";
import type { TileProps } from "./TileBody";
import { TileLoaded } from "./TileLoaded";
import styles from "./TileContent.module.css";

/** One figure, with the period before and its course. */
export function NumberTile({ tile, scope, height }: TileProps) {
  const name = tile.measures[0]!;
  const query = useTileAnswer(questionOf(tile, scope, 40));
  return (
    <TileLoaded query={query} height={height}>
      {(answer) => {
        const about = answer.measures[0];
        const unit = about?.unit ?? "";
        const now = figure(answer.total.totals, name);
        const before = figure(answer.total.previous, name);
        const shift = change(now, before);
        const whole = about?.kind === "count" || about?.kind === "distinct";
        return (
          <div className={styles["number"]}>
            <strong>{whole ? count(now) : byUnit(now, unit)}</strong>
            <span className={styles["shift"]} title={before == null ? undefined : `${byUnit(before, unit)} in the period before`}>
              {shift || " "}
            </span>
            {height > 40 && <Sparkline values={(answer.total.values?.[name] ?? []).slice(1, -1)} />}
          </div>
        );
      }}
    </TileLoaded>
  );
}
