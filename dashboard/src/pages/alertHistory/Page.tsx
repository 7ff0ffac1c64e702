import { useAlerts } from "@/api/alerts";
import { AlertTabs } from "@/components/alerts/AlertTabs";
import { EventList } from "@/components/alerts/EventList";
import { PageBody, PageTop, Panel } from "@/components/Page";

/** What happened to all rules, newest first. */
export function Page() {
  const alerts = useAlerts();
  return (
    <>
      <PageTop title="Alerts" beside="what happened" />
      <PageBody>
        <AlertTabs here="history" />
        <Panel title="History" sub="of all rules, newest first" flush>
          <EventList alerts={alerts.data ?? []} />
        </Panel>
      </PageBody>
    </>
  );
}
