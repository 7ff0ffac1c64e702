import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { FilterBar } from "@/components/FilterBar";
import { Breakdown } from "@/components/groups/Breakdown";
import { GroupHeadline } from "@/components/groups/GroupHeadline";
import { Title } from "@/components/groups/Title";
import { Grid, PageBody, PageTop, Panel } from "@/components/Page";
import { Empty } from "@/components/States";
import { TimeRange } from "@/components/TimeRange";
import { TopList } from "@/pages/overview/TopList";
import { SessionTable, useSessionList } from "@/pages/sessions/SessionTable";
import { addCondition, joinCondition, useScope, writeScope } from "@/state/search";

/** One user: what their calls came to, and where. */
export function Page() {
  const [scope] = useScope();
  const id = typeof scope["id"] === "string" ? scope["id"] : "";
  const { since, until, zone } = scope;
  return (
    <>
      <PageTop title={<Title to="/users" parent="Users" name={id} id={id} />}>
        {id && (
          <Button component={Link} to={"/requests" as string} search={writeScope({ q: addCondition(scope.q, "user", id), since, until, zone }) as never}>
            All calls
          </Button>
        )}
        <TimeRange />
      </PageTop>
      <PageBody>{id ? <User id={id} /> : <Empty title="This address names no user" action={<Link to={"/users" as string}>Go to the users</Link>} />}</PageBody>
    </>
  );
}

function User({ id }: { id: string }) {
  const [scope] = useScope();
  const own = addCondition("", "user", id);
  const filter = joinCondition(scope.q, own);
  const sessions = useSessionList(filter);
  return (
    <>
      <FilterBar error={sessions.query.error} />
      <GroupHeadline base={own} />
      <Breakdown dimension="model" filter={filter} none="no model" />
      <Grid columns="repeat(3, minmax(0, 1fr))">
        <Panel title="Models" sub="by cost">
          <TopList dimension="model" measure="cost" filter={own} none="no model" />
        </Panel>
        <Panel title="Features" sub="by cost">
          <TopList dimension="property.feature" measure="cost" filter={own} none="without one" />
        </Panel>
        <Panel title="Errors" sub="by kind">
          <TopList dimension="error" measure="errors" filter={`${own} failed:true`} none="no error type" color="--bad" />
        </Panel>
      </Grid>
      <SessionTable list={sessions} title="Sessions" hideUser />
    </>
  );
}
