import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useAlerts, type Alert } from "@/api/alerts";
import { AlertTabs } from "@/components/alerts/AlertTabs";
import { stateOf } from "@/components/alerts/words";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { useMay } from "@/state/roles";
import { FirstSteps } from "./FirstSteps";
import { NotNormal } from "./NotNormal";
import { RuleTable } from "./RuleTable";

/** Alert rules: what fires now on top, then all rules with their states. */
export function Page() {
  const query = useAlerts();
  const admin = useMay("admin");
  const alerts = query.data ?? [];
  const make = (
    <Button variant="filled" component={Link} {...({ to: "/alerts/new" } as object)}>
      New rule
    </Button>
  );
  return (
    <>
      <PageTop title="Alerts" beside={query.data && summary(alerts)}>
        {admin && make}
      </PageTop>
      <PageBody>
        <AlertTabs here="rules" />
        <Loaded query={query} skeleton={<RowsSkeleton rows={8} />}>
          {(all) => (
            <>
              {all.some((each) => each.evaluated_us > 0) && <NotNormal alerts={all} />}
              {all.some((each) => each.waits_for_channel) && <FirstSteps alerts={all} />}
              <Panel title="Rules" sub={all.length > 1 ? "those that need you first" : ""} flush>
                {all.length ? (
                  <RuleTable alerts={all} />
                ) : (
                  <Empty title="No rules" action={admin ? make : undefined}>
                    A rule watches a figure of the log, such as what a user costs in a day, and tells people when it is not as it should be.
                  </Empty>
                )}
              </Panel>
            </>
          )}
        </Loaded>
      </PageBody>
    </>
  );
}

function summary(alerts: Alert[]): string {
  const many = (state: string) => alerts.filter((each) => stateOf(each) === state).length;
  const parts = [`${alerts.length} ${alerts.length === 1 ? "rule" : "rules"}`];
  for (const [state, word] of [["alerting", "firing"], ["error", "with an error"], ["pending", "pending"], ["off", "off"]] as const) if (many(state)) parts.push(`${many(state)} ${word}`);
  return parts.join(", ");
}
