import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { api, dataOf } from "@/api/client";
import { useMetrics } from "@/api/metrics";
import { FilterBar } from "@/components/FilterBar";
import { Grid, PageBody, PageTop, Panel } from "@/components/Page";
import { BlockSkeleton, Loaded } from "@/components/States";
import { ComparedWith, TimeRange } from "@/components/TimeRange";
import { bucketOf } from "@/state/buckets";
import { useScope } from "@/state/search";
import { Headline, HEADLINE } from "./Headline";
import { LatencyHeatmap } from "./LatencyHeatmap";
import { LatencyLines } from "./LatencyLines";
import { OverTime } from "./OverTime";
import { TopList } from "./TopList";
import { Spend } from "./Spend";

/** The state of things at a glance: figures with the period before, cost, latency, and who is behind them. */
export function Page() {
  const [scope] = useScope();
  const headline = useMetrics({ measures: HEADLINE, bucket: bucketOf(scope, 40), compare: "previous" });
  const any = useAnyCall(headline.data?.total.totals["calls"] === 0);
  if (any.data === false) return <Navigate to={"/start" as string} replace />;
  return (
    <>
      <PageTop title="Overview" beside={<ComparedWith />}>
        <TimeRange />
      </PageTop>
      <PageBody>
        <FilterBar error={headline.error} />
        <Loaded query={headline} skeleton={<BlockSkeleton height={122} />}>
          {(answer) => <Headline answer={answer} />}
        </Loaded>
        <Grid columns="minmax(0, 1.55fr) minmax(0, 1fr)">
          <OverTime />
          <Spend />
        </Grid>
        <Grid columns="minmax(0, 1.55fr) minmax(0, 1fr)">
          <LatencyLines />
          <LatencyHeatmap />
        </Grid>
        <Grid columns="repeat(3, minmax(0, 1fr))">
          <Panel title="Users" sub="by cost">
            <TopList dimension="user" measure="cost" none="no user" />
          </Panel>
          <Panel title="Errors" sub="by kind">
            <TopList dimension="error" measure="errors" filter="failed:true" none="no error type" color="--bad" />
          </Panel>
          <Panel title="Slowest models" sub="P95 latency">
            <TopList dimension="model" measure="p95_latency" none="no model" color="--c6" />
          </Panel>
        </Grid>
      </PageBody>
    </>
  );
}

/** Whether the log holds any call at all; asked only where the range shows none, and again until one came. */
function useAnyCall(enabled: boolean) {
  return useQuery({
    queryKey: ["any-call"],
    enabled,
    refetchInterval: 2_000,
    queryFn: async ({ signal }) => {
      const page = await dataOf(api.GET("/api/requests", { params: { query: { limit: 1 } }, signal }));
      return page.data.length > 0;
    },
  });
}
