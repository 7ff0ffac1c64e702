import { useHeatmap } from "@/api/heatmap";
import { HeatCells } from "@/components/HeatCells";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Loaded } from "@/components/States";
import { useScope } from "@/state/search";

/** Every call as part of a cell: time by latency. A cell opens the calls in it. */
export function LatencyHeatmap() {
  const [scope] = useScope();
  const query = useHeatmap("latency");
  return (
    <Panel title="Latency of every request" sub="stronger colour, more requests">
      <Loaded query={query} skeleton={<BlockSkeleton height={214} />}>
        {(heatmap) => (heatmap.calls > heatmap.without_value ? <HeatCells heatmap={heatmap} scope={scope} column="latency_ms" height={166} /> : <Empty title="No latency in this range" />)}
      </Loaded>
    </Panel>
  );
}
