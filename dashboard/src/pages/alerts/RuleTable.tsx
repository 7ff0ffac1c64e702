import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useUnitOf, type Alert } from "@/api/alerts";
import { useSilences } from "@/api/silences";
import { matches } from "@/components/alerts/matching";
import { SilenceMenu } from "@/components/alerts/SilenceMenu";
import { matchersFor } from "@/components/alerts/matching";
import { wholeRule, type Rule } from "@/components/alerts/rule";
import { StateTag } from "@/components/alerts/StateTag";
import { byUrgency, dimensionWord, filterWords, metricName, sentenceText, shortCondition, stateOf, valueWords, type AlertState } from "@/components/alerts/words";
import { Tag, Time } from "@/components/Bits";
import { DataTable, type Column } from "@/components/DataTable";
import { useMay } from "@/state/roles";
import styles from "./Alerts.module.css";

interface Row {
  id: string;
  name: string;
  state: AlertState;
  rule: Rule;
  unit: string;
  alert: Alert;
  silenced: boolean;
}

/** All rules with their states, those that need somebody first. */
export function RuleTable({ alerts }: { alerts: Alert[] }) {
  const unitOf = useUnitOf();
  const silences = useSilences().data;
  const member = useMay("member");
  const navigate = useNavigate();
  const rows = useMemo(() => {
    const active = (silences ?? []).filter((each) => each.active);
    return alerts
      .map((alert): Row => {
        const rule = wholeRule(alert.rule);
        const labels = { rule: alert.id, rule_name: rule.name, severity: rule.severity, metric: rule.metric };
        return { id: alert.id, name: rule.name, state: stateOf(alert), rule, unit: unitOf(rule.metric), alert, silenced: active.some((each) => matches(each.matchers, labels) === true) };
      })
      .sort(byUrgency);
  }, [alerts, silences, unitOf]);
  return (
    <DataTable
      label="Alert rules"
      columns={useMemo(() => columns(member), [member])}
      rows={rows}
      rowKey={(row) => row.id}
      rowLink={(row) => <Link to={"/alerts/$id" as string} params={{ id: row.id } as never} data-row-link aria-label={row.name} />}
      onOpen={(row) => void navigate({ to: "/alerts/$id" as string, params: { id: row.id } as never })}
      compact={(row) => (
        <div className={styles["compact"]}>
          <span className={styles["name"]}>{row.name}</span>
          <StateTag state={row.state} firing={row.alert.firing} />
          <span className={styles["quiet"]}>
            {metricName(row.rule.metric)} {shortCondition(row.rule, row.unit)}
          </span>
          <span className="num">{now(row)}</span>
        </div>
      )}
    />
  );
}

/** The value of a rule without groups. */
function now({ rule, alert, unit, state }: Row): string {
  if (rule.metric === "no_traffic" || state === "off" || state === "waiting" || !alert.evaluated_us) return "–";
  if (rule.group_by.length) return alert.firing ? `${alert.firing.toLocaleString("en")} ${alert.firing === 1 ? "group" : "groups"}` : "–";
  return alert.value === null ? "–" : valueWords(alert.value, unit);
}

function scopeWords(rule: Rule): string {
  const groups = rule.group_by.map(dimensionWord).join(", ");
  return [groups && `each ${groups}`, filterWords(rule.filter)].filter(Boolean).join(" · ") || "all requests";
}

function columns(member: boolean): Column<Row>[] {
  return [
    { id: "state", header: "State", width: "108px", cell: (row) => <StateTag state={row.state} firing={row.alert.firing} /> },
    {
      id: "name",
      header: "Rule",
      width: "minmax(160px, 1.2fr)",
      cell: (row) => (
        <span className={styles["name"]} title={sentenceText(row.rule, row.unit)}>
          {row.name}
        </span>
      ),
    },
    {
      id: "condition",
      header: "Fires when",
      width: "minmax(165px, 1.1fr)",
      cell: (row) => (
        <span className={styles["quiet"]} title={sentenceText(row.rule, row.unit)}>
          {metricName(row.rule.metric)} {shortCondition(row.rule, row.unit)}
        </span>
      ),
    },
    { id: "of", header: "Of", width: "minmax(110px, 0.9fr)", wide: true, cell: (row) => <span className={styles["quiet"]} title={row.rule.filter}>{scopeWords(row.rule)}</span> },
    { id: "window", header: "In", width: "72px", cell: (row) => row.rule.window },
    { id: "value", header: "Now", width: "96px", numeric: true, cell: now },
    { id: "since", header: "Last change", width: "110px", cell: (row) => (row.alert.state_since_us && row.state !== "waiting" ? <Time at={new Date(row.alert.state_since_us / 1000)} relative /> : "–") },
    { id: "severity", header: "Severity", width: "84px", wide: true, cell: (row) => <Severity name={row.rule.severity} /> },
    {
      id: "mute",
      header: "",
      width: "76px",
      cell: (row) =>
        row.silenced ? (
          <Link to={"/alerts/silences" as string} title="A silence holds its notifications back">
            <Tag>silenced</Tag>
          </Link>
        ) : (
          member && row.state !== "off" && row.state !== "waiting" && <SilenceMenu compact subtle label="Mute" matchers={matchersFor(row.id)} what={row.name} />
        ),
    },
  ];
}

function Severity({ name }: { name: string }) {
  if (name === "warning") return <Tag tone="warn">{name}</Tag>;
  return name === "info" ? <Tag>{name}</Tag> : <Tag tone="bad">{name}</Tag>;
}
