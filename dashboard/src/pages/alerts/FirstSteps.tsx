import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Alert } from "@/api/alerts";
import { Panel } from "@/components/Page";
import { useMay } from "@/state/roles";
import styles from "./Alerts.module.css";

/** Before there is a channel: which rules are ready, and what to do first. */
export function FirstSteps({ alerts }: { alerts: Alert[] }) {
  const admin = useMay("admin");
  const ready = alerts.filter((each) => each.waits_for_channel);
  const names = ready.map((each) => each.rule.name);
  const spend = ready.find((each) => each.rule.metric === "cost") ?? ready[0];
  return (
    <Panel title={`${ready.length} ready-made ${ready.length === 1 ? "rule waits" : "rules wait"} for a channel`} sub="nobody is told anything yet">
      <ol className={styles["steps"]}>
        <li>
          <p>
            <strong>Make a channel</strong>
            Slack, e-mail, PagerDuty, Teams, Discord, or a signed webhook. With the first channel, {list(names)} begin to be evaluated.
          </p>
          {admin && (
            <Button variant="filled" component={Link} {...({ to: "/channels" } as object)}>
              Make a channel
            </Button>
          )}
        </li>
        <li>
          <p>
            <strong>Set the amounts to what is usual for you</strong>
            Each rule shows how often it would have fired in the last days, while you edit it.
          </p>
          {spend && (
            <Button component={Link} {...({ to: admin ? "/alerts/$id/edit" : "/alerts/$id", params: { id: spend.id } } as object)}>
              {admin ? "Edit" : "Look at"} “{spend.rule.name}”
            </Button>
          )}
        </li>
        <li>
          <p>
            <strong>Add what matters to you</strong>
            Cost of each user in a day, error rate of each model, a score that falls, no traffic of one feature.
          </p>
        </li>
      </ol>
    </Panel>
  );
}

function list(names: string[]): string {
  const quoted = names.map((name) => `“${name}”`);
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`;
}
