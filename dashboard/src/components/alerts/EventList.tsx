import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useAlertHistory, useUnitOf, type Alert, type AlertEvent } from "@/api/alerts";
import { Time } from "@/components/Bits";
import { Icon, type IconName } from "@/components/Icon";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { GroupLabels } from "./GroupLabels";
import { wholeRule } from "./rule";
import { StateTag } from "./StateTag";
import { stateWord, valueWords } from "./words";
import styles from "./Alerts.module.css";

const ICONS: Record<AlertEvent["kind"], IconName> = { state: "errors", sent: "bell", acknowledged: "check", changed: "edit" };

interface Props {
  /** The rules that the events are of. */
  alerts: Alert[];
  /** Only those of this rule. */
  rule?: string;
}

/** What happened, newest first: changes of state, notifications, what people did. */
export function EventList({ alerts, rule = "" }: Props) {
  const query = useAlertHistory(rule);
  const rules = new Map(alerts.map((each) => [each.id, each]));
  return (
    <Loaded query={query} skeleton={<RowsSkeleton rows={6} />}>
      {(data) => {
        const events = data.pages.flatMap((page) => page.data);
        if (!events.length) return <Empty title="Nothing has happened yet">Changes of state, notifications and what people did will stand here.</Empty>;
        return (
          <>
            <ul className={styles["events"]} aria-label="History">
              {events.map((event) => (
                <EventRow key={event.id} event={event} alert={rules.get(event.rule_id)} named={!rule} />
              ))}
            </ul>
            {query.hasNextPage && (
              <div className={styles["more"]}>
                <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  Show earlier
                </Button>
              </div>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

function EventRow({ event, alert, named }: { event: AlertEvent; alert: Alert | undefined; named: boolean }) {
  const at = event.at_us / 1000;
  const value = useValueWords(alert, event.value);
  return (
    <li>
      <Time at={new Date(at)} />
      <Icon name={ICONS[event.kind]} size={13} />
      <span className={styles["what"]}>
        {named && alert && (
          <Link to={"/alerts/$id" as string} params={{ id: alert.id } as never} className={styles["rule"]!}>
            {alert.rule.name}
          </Link>
        )}
        <What event={event} />
        {alert && event.kind === "state" && <GroupLabels rule={wholeRule(alert.rule)} labels={event.labels} endMs={at} all="" />}
      </span>
      <small className="num">{event.kind === "state" && event.after !== "no_data" && event.after !== "error" ? value : ""}</small>
    </li>
  );
}

function What({ event }: { event: AlertEvent }): ReactNode {
  if (event.kind === "state") {
    return (
      <span title={`${stateWord(event.before)} before`}>
        <StateTag state={event.after} />
      </span>
    );
  }
  const who = event.by_name || "somebody";
  if (event.kind === "acknowledged") return <span>acknowledged by {who}</span>;
  if (event.kind === "changed") return <span>{event.text === "switched off" ? "switched off" : "rule changed"} by {who}</span>;
  return <span className="dim">sent: {event.text}</span>;
}

function useValueWords(alert: Alert | undefined, value: number | null): ReactNode {
  const unit = useUnitOf()(alert?.rule.metric ?? "");
  if (!alert || value === null || alert.rule.metric === "no_traffic") return "";
  return valueWords(value, unit);
}
