import { figure, useMetrics } from "@/api/metrics";
import { Figure, Figures } from "@/components/Bits";
import { FilterBar } from "@/components/FilterBar";
import { MetricBars } from "@/components/MetricBars";
import { Grid, PageBody, PageTop, Panel } from "@/components/Page";
import { BlockSkeleton, Loaded } from "@/components/States";
import { ComparedWith, TimeRange } from "@/components/TimeRange";
import { change, count, duration, money, percent } from "@/format/numbers";
import { joinCondition, useScope } from "@/state/search";
import { HowTo } from "./HowTo";
import { Lookups, Savings } from "./OverTime";
import { MostHit } from "./MostHit";
import { Repeats } from "./Repeats";

/** What the cache saves, for whom, and what it could save. */
export function Page() {
  const query = useMetrics({ measures: ["calls", "cache_lookups", "cache_hits", "cache_hit_rate", "saved_cost", "saved_time"], compare: "previous" });
  const totals = query.data?.total.totals;
  const unused = totals !== undefined && !totals["cache_lookups"] && !totals["cache_hits"];
  return (
    <>
      <PageTop title="Cache" beside={<ComparedWith />}>
        <TimeRange />
      </PageTop>
      <PageBody>
        <FilterBar error={query.error} />
        <Loaded query={query} skeleton={<BlockSkeleton height={96} />}>
          {(answer) => <Headline now={answer.total.totals} before={answer.total.previous} />}
        </Loaded>
        {unused ? <HowTo unused /> : <Used />}
        <Repeats />
        {!unused && <HowTo />}
      </PageBody>
    </>
  );
}

function Used() {
  return (
    <>
      <Grid columns="minmax(0, 1.55fr) minmax(0, 1fr)">
        <Lookups />
        <Savings />
      </Grid>
      <Grid columns="repeat(3, minmax(0, 1fr))">
        <Panel title="Hits by model" sub="with the share of lookups">
          <MetricBars dimension="model" measure="cache_hits" beside="cache_hit_rate" within="cached:true" none="no model" empty="No hits in this range" />
        </Panel>
        <Panel title="Hits by user" sub="with the share of lookups">
          <MetricBars dimension="user" measure="cache_hits" beside="cache_hit_rate" within="cached:true" none="no user" empty="No hits in this range" />
        </Panel>
        <Panel title="Saved by feature" sub="US dollars">
          <MetricBars dimension="property.feature" measure="saved_cost" filter="cached:true" none="no feature" empty="Nothing saved in this range" color="--c3" />
        </Panel>
      </Grid>
      <MostHit />
    </>
  );
}

type Totals = Record<string, number | null> | null | undefined;

function Headline({ now, before }: { now: Totals; before: Totals }) {
  const [scope] = useScope();
  const hits = { ...scope, q: joinCondition(scope.q, "cached:true") };
  const of = (name: string) => figure(now, name);
  const against = (name: string) => change(of(name), figure(before, name));
  return (
    <Figures>
      <Figure label="Hit rate" value={percent(of("cache_hit_rate"))} change={against("cache_hit_rate")} goodWhen="up" sub="of lookups" to="/requests" search={hits} />
      <Figure label="Hits" value={count(of("cache_hits"))} change={against("cache_hits")} to="/requests" search={hits} />
      <Figure label="Lookups" value={count(of("cache_lookups"))} change={against("cache_lookups")} sub={`of ${count(of("calls"))} calls`} to="/requests" search={{ ...scope, q: joinCondition(scope.q, "cache_status:*") }} />
      <Figure label="Saved" value={money(of("saved_cost") ?? 0)} change={against("saved_cost")} goodWhen="up" to="/requests" search={{ ...hits, sort: "-saved" }} />
      <Figure label="Time saved" value={duration(of("saved_time") ?? 0)} change={against("saved_time")} goodWhen="up" sub="of waiting" to="/requests" search={hits} />
    </Figures>
  );
}
