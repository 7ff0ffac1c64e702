import { Link } from "@tanstack/react-router";
import { figure } from "@/api/metrics";
import { useTileAnswer } from "@/api/tiles";
import { Empty } from "@/components/States";
import { byUnit } from "@/format/numbers";
import { writeScope } from "@/state/search";
import { dimensionName, measureName } from "@/components/measures/measures";
import { explorerOf, questionOf } from "./question";
import type { TileProps } from "./TileBody";
import { TileLoaded } from "./TileLoaded";
import styles from "./TileContent.module.css";

/** Groups by rows, measures by columns; without groups one row for all calls. */
export function TableTile({ tile, scope, height }: TileProps) {
  const query = useTileAnswer(questionOf(tile, scope, 1));
  return (
    <TileLoaded query={query} height={height} rows>
      {(answer) => {
        const units = Object.fromEntries(answer.measures.map((each) => [each.name, each.unit]));
        const rows = tile.dimensions.length ? answer.groups : [answer.total];
        if (!rows.length) return <Empty title="Nothing in this range" />;
        return (
          <div className={styles["scroll"]} tabIndex={0} role="region" aria-label={tile.title || "Table"}>
            <table className={styles["table"]}>
              <thead>
                <tr>
                  {tile.dimensions.map((name) => (
                    <th key={name} scope="col">
                      {dimensionName(name)}
                    </th>
                  ))}
                  {tile.measures.map((name) => (
                    <th key={name} scope="col" data-numeric>
                      {measureName(name)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={JSON.stringify(row.key)}>
                    {tile.dimensions.map((name, index) => (
                      <td key={name}>
                        {index === 0 && <Link to={"/requests" as string} search={writeScope(explorerOf(tile, scope, row)) as never} aria-label={`Calls of ${text(row.key[name], name)}`} />}
                        {text(row.key[name], name)}
                      </td>
                    ))}
                    {tile.measures.map((name) => (
                      <td key={name} data-numeric>
                        {byUnit(figure(row.totals, name), units[name] ?? "")}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        );
      }}
    </TileLoaded>
  );
}

function text(value: unknown, name: string): string {
  return value === null || value === undefined || value === "" ? `no ${dimensionName(name)}` : String(value);
}
