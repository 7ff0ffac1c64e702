import { Alert as Note, Button } from "@mantine/core";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useAlert, usePreview, useUnitOf, type Alert } from "@/api/alerts";
import { Firings } from "@/components/alerts/Firings";
import { EventList } from "@/components/alerts/EventList";
import { PreviewChart } from "@/components/alerts/PreviewChart";
import { Sentence } from "@/components/alerts/Sentence";
import { StateTag } from "@/components/alerts/StateTag";
import { explorerSearch, wholeRule } from "@/components/alerts/rule";
import { stateOf } from "@/components/alerts/words";
import { Grid, PageBody, PageTop, Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Loaded, RowsSkeleton } from "@/components/States";
import { TimeRange } from "@/components/TimeRange";
import { useScope, writeScope } from "@/state/search";
import { useMay } from "@/state/roles";
import { NotNormal } from "@/pages/alerts/NotNormal";
import { Actions } from "./Actions";
import { Facts } from "./Facts";
import styles from "./Alert.module.css";

/** One rule: what it says, how it stands, its values with the threshold, and what happened. */
export function Page() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const query = useAlert(id);
  const alert = query.data;
  return (
    <>
      <PageTop title={<Title alert={alert} />} beside={alert && <StateTag state={stateOf(alert)} firing={alert.firing} />}>
        {alert && <Actions alert={alert} />}
        <TimeRange />
      </PageTop>
      <PageBody>
        <Loaded query={query} skeleton={<RowsSkeleton rows={10} />}>
          {(found) => <Rule alert={found} />}
        </Loaded>
      </PageBody>
    </>
  );
}

function Title({ alert }: { alert: Alert | undefined }) {
  return (
    <span className={styles["title"]}>
      <Link to={"/alerts" as string}>Alerts</Link>
      <span aria-hidden="true">/</span>
      <span className={styles["name"]}>{alert?.rule.name ?? "One rule"}</span>
    </span>
  );
}

function Rule({ alert }: { alert: Alert }) {
  const rule = wholeRule(alert.rule);
  const unit = useUnitOf()(rule.metric);
  const admin = useMay("admin");
  return (
    <>
      <div className={styles["lead"]}>
        <Sentence rule={rule} unit={unit} />
        {rule.description && <p className={styles["description"]}>{rule.description}</p>}
      </div>
      {alert.problem && (
        <Note color={alert.state === "error" ? "red" : "yellow"} variant="light" role="alert" title={alert.state === "error" ? "The rule could not be evaluated" : "Something was left out"}>
          {alert.problem}
        </Note>
      )}
      {alert.waits_for_channel && (
        <Note color="yellow" variant="light" title="This ready-made rule waits for a channel">
          It is evaluated as soon as the organisation has one{admin ? ", or as soon as somebody saves it here" : ""}.{" "}
          {admin && <Link to={"/channels" as string}>Make a channel</Link>}
        </Note>
      )}
      {!rule.enabled && (
        <Note color="gray" variant="light" title="Switched off">
          It is not evaluated, and has no state.
        </Note>
      )}
      {alert.evaluated_us > 0 && rule.enabled && <NotNormal alerts={[alert]} rule={alert.id} />}
      <Values alert={alert} />
      <Grid columns="minmax(0, 1.7fr) minmax(0, 1fr)">
        <Panel title="History" sub="newest first" flush>
          <EventList alerts={[alert]} rule={alert.id} />
        </Panel>
        <Panel title="The rule">
          <Facts alert={alert} />
        </Panel>
      </Grid>
    </>
  );
}

/** The values of the page's time range, as the rule sees them. */
function Values({ alert }: { alert: Alert }) {
  const rule = wholeRule(alert.rule);
  const [scope, setScope] = useScope();
  const navigate = useNavigate();
  const seen = rule.metric !== "ingest_lag";
  const query = usePreview(seen ? rule : null, scope.since, scope.until);
  if (!seen) return <Panel title="Values">{<Empty title="The lag of the log has no history">Only its value at the last evaluation is known.</Empty>}</Panel>;
  return (
    <Panel
      title="Values"
      sub="as this rule computes them now"
      actions={
        <Button size="compact-sm" component={Link} {...({ to: "/requests", search: writeScope(explorerSearch(rule, {})) } as object)}>
          Open these requests
        </Button>
      }
    >
      <Loaded query={query} skeleton={<BlockSkeleton height={280} />}>
        {(preview) =>
          preview.series.length ? (
            <>
              <PreviewChart
                rule={rule}
                preview={preview}
                zone={scope.zone}
                onRange={(since, until) => setScope({ since: new Date(since).toISOString(), until: new Date(until).toISOString() })}
                onPick={(at, labels) => void navigate({ to: "/requests" as string, search: writeScope(explorerSearch(rule, labels, at)) as never })}
              />
              <div className={styles["fired"]}>
                <Firings rule={rule} preview={preview} zone={scope.zone} />
              </div>
            </>
          ) : (
            <Empty title="No requests in this time" action={<Button onClick={() => setScope({ since: "7d", until: "" })}>Look at 7 days</Button>}>
              Nothing in the log is what this rule watches. A longer time range may show more.
            </Empty>
          )
        }
      </Loaded>
    </Panel>
  );
}
