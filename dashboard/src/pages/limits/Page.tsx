import { figure, useMetrics } from "@/api/metrics";
import { Figure, Figures } from "@/components/Bits";
import { FilterBar } from "@/components/FilterBar";
import { MetricBars } from "@/components/MetricBars";
import { Grid, PageBody, PageTop, Panel } from "@/components/Page";
import { BlockSkeleton, Loaded } from "@/components/States";
import { ComparedWith, TimeRange } from "@/components/TimeRange";
import { useStandings } from "@/api/counted";
import { useKeys } from "@/api/keys";
import { change, count, percent } from "@/format/numbers";
import { NEAR, type Standing } from "@/format/policies";
import { useMay } from "@/state/roles";
import { joinCondition, useScope } from "@/state/search";
import { InForce } from "./InForce";
import { Refusals } from "./Refusals";
import { Standings } from "./Standings";

/** Which limits are in force, who is near or over them, and what they refused. */
export function Page() {
  const query = useMetrics({ measures: ["calls", "limit_refusals"], compare: "previous" });
  const counted = useMetrics({ filter: useCounted(), measures: ["calls", "users"] });
  return (
    <>
      <PageTop title="Limits" beside={<ComparedWith />}>
        <TimeRange />
      </PageTop>
      <PageBody>
        <FilterBar error={query.error} />
        <Loaded query={query} skeleton={<BlockSkeleton height={96} />}>
          {(answer) => <Headline now={answer.total.totals} before={answer.total.previous} counted={figure(counted.data?.total.totals, "calls")} />}
        </Loaded>
        <Standings />
        <Grid columns="minmax(0, 1.55fr) minmax(0, 1fr)">
          <Refusals />
          <InForce />
        </Grid>
        <By />
      </PageBody>
    </>
  );
}

function useCounted(): string {
  return joinCondition(useScope()[0].q, "limit_policy:*");
}

/** Whom limits refused. */
function By() {
  const keys = useKeys(useMay("admin")).data?.pages.flatMap((page) => page.data) ?? [];
  const nameOf = (id: string) => {
    const key = keys.find((each) => each.id === id);
    return key ? `${key.name} …${key.hint}` : id;
  };
  const common = { measure: "limit_refusals", filter: "limit_refused:*", empty: "No refusals in this range", color: "--c2" };
  return (
    <Grid columns="repeat(3, minmax(0, 1fr))">
      <Panel title="Refused by user">
        <MetricBars {...common} dimension="user" none="no user" />
      </Panel>
      <Panel title="Refused by key">
        <MetricBars {...common} dimension="key" none="no key" nameOf={nameOf} />
      </Panel>
      <Panel title="Refused by feature">
        <MetricBars {...common} dimension="property.feature" none="no feature" />
      </Panel>
    </Grid>
  );
}

type Totals = Record<string, number | null> | null | undefined;

function Headline({ now, before, counted }: { now: Totals; before: Totals; counted: number | null }) {
  const [scope] = useScope();
  const standings = useStandings().data;
  const many = (grade: Standing["grade"]) => standings?.filter((each) => each.grade === grade).length;
  const refused = figure(now, "limit_refusals");
  const calls = figure(now, "calls");
  return (
    <Figures>
      <Figure label="Over a limit now" value={many("over") ?? "…"} sub="newest call refused" />
      <Figure label="Near a limit now" value={many("near") ?? "…"} sub={`${NEAR * 100} % used, or more`} />
      <Figure label="Refused by a limit" value={count(refused)} change={change(refused, figure(before, "limit_refusals"))} goodWhen="down" sub={calls ? `${percent((refused ?? 0) / calls)} of calls` : ""} to="/requests" search={{ ...scope, q: joinCondition(scope.q, "limit_refused:*") }} />
      <Figure label="Counted by a limit" value={counted === null ? "…" : count(counted)} sub={calls && counted !== null ? `${percent(counted / calls)} of calls` : ""} to="/requests" search={{ ...scope, q: joinCondition(scope.q, "limit_policy:*") }} />
      <Figure label="Refused by the provider" value={<ProviderRefusals />} sub="its own 429" to="/requests" search={{ ...scope, q: joinCondition(joinCondition(scope.q, "status:429"), "-limit_refused:*") }} />
    </Figures>
  );
}

function ProviderRefusals() {
  const [scope] = useScope();
  const query = useMetrics({ filter: joinCondition(joinCondition(scope.q, "status:429"), "-limit_refused:*"), measures: ["calls"] });
  return <>{query.data ? count(figure(query.data.total.totals, "calls")) : "…"}</>;
}
