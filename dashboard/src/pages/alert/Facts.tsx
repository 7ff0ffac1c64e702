import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Alert } from "@/api/alerts";
import { useChannelNames } from "@/api/channelNames";
import { usePeopleNames } from "@/api/people";
import { wholeRule } from "@/components/alerts/rule";
import { dimensionWord, durationWords } from "@/components/alerts/words";
import { Time } from "@/components/Bits";
import styles from "./Alert.module.css";

const NO_DATA = { show: "is only shown", notify: "is told", keep: "groups keep their state", alerting: "the rule fires" } as const;

/** What of a rule the sentence does not say. */
export function Facts({ alert }: { alert: Alert }) {
  const rule = wholeRule(alert.rule);
  const people = usePeopleNames();
  const known = useChannelNames().data ?? [];
  const names = rule.channels.map((id) => known.find((each) => each.id === id)?.name ?? "a deleted channel");
  const facts: [string, ReactNode][] = [
    ["Severity", rule.severity],
    ["Channels", <Link key="" to={"/channels" as string}>{names.join(", ") || (known.length ? `all (${known.map((each) => each.name).join(", ")})` : "all; there is none yet")}</Link>],
    ["Messages", rule.notify_by.length ? `one for each ${rule.notify_by.map(dimensionWord).join(" and ")}` : "one for the rule"],
    ["New groups", `are told at most every ${durationWords(rule.update_interval).replace(/^1 /, "")}`],
    ["Repeated", rule.repeat_interval ? `every ${durationWords(rule.repeat_interval).replace(/^1 /, "")} until acknowledged` : "never"],
    ["No data", NO_DATA[rule.on_no_data]],
    ["Errors", rule.on_error === "notify" ? "are told after two minutes" : "are only shown"],
    ...(rule.window === "month" || rule.window.endsWith("d") ? [["Zone", rule.zone] as [string, ReactNode]] : []),
    ["Evaluated", alert.evaluated_us ? <Time key="" at={new Date(alert.evaluated_us / 1000)} relative /> : "never"],
    ["Acknowledged", alert.acknowledged_us ? <>by {people.get(alert.acknowledged_by) ?? "somebody"}, <Time at={new Date(alert.acknowledged_us / 1000)} relative /></> : "no"],
    ["Changed", <>{alert.ready_made ? "ready-made" : (people.get(alert.changed_by) ?? "by a key")}, <Time at={new Date(alert.changed_us / 1000)} relative /></>],
  ];
  return (
    <dl className={styles["facts"]}>
      {facts.map(([name, value]) => (
        <Row key={name} name={name}>
          {value}
        </Row>
      ))}
    </dl>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
