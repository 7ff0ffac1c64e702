import { Panel } from "@/components/Page";
import { Empty } from "@/components/States";

/** Every call as one of the cells of a grid: time by latency. */
export function LatencyHeatmap() {
  return (
    <Panel title="Latency of every request" sub="darker is more">
      <Empty title="…" />
    </Panel>
  );
}
