import { useTileHeatmap } from "@/api/tiles";
import { HeatCells } from "@/components/HeatCells";
import { Empty } from "@/components/States";
import { zoneName } from "@/format/times";
import { bucketOf } from "@/state/buckets";
import { scopeOfTile } from "./question";
import type { TileProps } from "./TileBody";
import { TileLoaded } from "./TileLoaded";

const COLUMNS: Record<string, string> = { latency: "latency_ms", ttft: "ttft_ms" };
const FOOT = 34;

/** How a number is spread over time. A cell opens the calls in it. */
export function HeatTile({ tile, scope, width, height }: TileProps) {
  const own = scopeOfTile(tile, scope);
  const measure = tile.measures[0]!.replace(/^(p\d+|avg|min|max)_/, "");
  const bucket = tile.bucket || bucketOf(own, Math.max(12, Math.floor((width - 70) / 12)));
  const query = useTileHeatmap({ measure, filter: own.q || null, since: own.since, until: own.until, zone: zoneName(own.zone), bins: 5, bucket });
  return (
    <TileLoaded query={query} height={height}>
      {(heatmap) =>
        heatmap.calls > heatmap.without_value ? (
          <HeatCells heatmap={heatmap} scope={own as typeof own & Record<string, unknown>} column={COLUMNS[measure] ?? measure} height={Math.max(60, height - FOOT)} />
        ) : (
          <Empty title="Nothing in this range" />
        )
      }
    </TileLoaded>
  );
}
