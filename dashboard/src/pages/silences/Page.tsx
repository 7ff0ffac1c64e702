import { Switch } from "@mantine/core";
import { useAlerts } from "@/api/alerts";
import { useSilences, type Silence } from "@/api/silences";
import { AlertTabs } from "@/components/alerts/AlertTabs";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { useMay } from "@/state/roles";
import { useScope } from "@/state/search";
import { NewSilence } from "./NewSilence";
import { SilenceRow } from "./SilenceRow";
import styles from "./Silences.module.css";

/** Silences: made here, ended here. */
export function Page() {
  const query = useSilences();
  const alerts = useAlerts().data ?? [];
  const [scope, setScope] = useScope();
  const member = useMay("member");
  const all = query.data ?? [];
  const past = scope["over"] === "1";
  const live = all.filter((each) => !isOver(each));
  const shown = [...(past ? all : live)].sort((one, other) => Number(isOver(one)) - Number(isOver(other)) || (isOver(one) ? other.ends_us - one.ends_us : one.ends_us - other.ends_us));
  const names = new Map(alerts.map((each) => [each.id, each.rule.name]));
  return (
    <>
      <PageTop title="Alerts" beside="silences" />
      <PageBody>
        <AlertTabs here="silences" />
        {member && <NewSilence key={String(scope["match"] ?? "")} alerts={alerts} />}
        <Panel
          title="Silences"
          sub="states and history go on; nothing is sent"
          flush
          actions={all.length > live.length && <Switch size="xs" label={`Over (${all.length - live.length})`} checked={past} onChange={(event) => setScope({ over: event.currentTarget.checked ? "1" : "" }, true)} />}
        >
          <Loaded query={query} skeleton={<RowsSkeleton rows={4} />}>
            {() =>
              shown.length ? (
                <ul className={styles["list"]} aria-label="Silences">
                  {shown.map((each) => (
                    <SilenceRow key={each.id} silence={each} names={names} />
                  ))}
                </ul>
              ) : (
                <Empty title="Nothing is silenced">A silence holds messages back for a time: during a load test, a deployment, or while somebody works on it.</Empty>
              )
            }
          </Loaded>
        </Panel>
      </PageBody>
    </>
  );
}

export function isOver(silence: Silence): boolean {
  return silence.ends_us <= Date.now() * 1000;
}
