import { ActionIcon, Alert as Note, Autocomplete, Button, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useAlertGroups, type Alert } from "@/api/alerts";
import { atField, ofForm } from "@/api/problems";
import { useSilenceChanges } from "@/api/silences";
import { useValues } from "@/api/suggestions";
import { labelsOf, matches, type Matcher } from "@/components/alerts/matching";
import { Icon } from "@/components/Icon";
import { Panel } from "@/components/Page";
import { TimeField } from "@/components/TimeField";
import { isMoment, toUrl } from "@/components/timeText";
import { done } from "@/components/toast";
import { useScope } from "@/state/search";
import styles from "./Silences.module.css";

const EMPTY: Matcher = { label: "rule", op: "=", value: "" };
const OPS = [
  { value: "=", label: "is" },
  { value: "!=", label: "is not" },
  { value: "=~", label: "matches" },
  { value: "!~", label: "does not match" },
];
const TIMES: [string, number][] = [["1 h", 1], ["4 h", 4], ["1 day", 24], ["1 week", 168]];

/** Makes a silence of matchers and a time. `match` in the address is one to begin with. */
export function NewSilence({ alerts }: { alerts: Alert[] }) {
  const [scope, setScope] = useScope();
  const [matchers, setMatchers] = useState(() => readMatchers(scope["match"]));
  const [hours, setHours] = useState<number | null>(4);
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [comment, setComment] = useState("");
  const { create } = useSilenceChanges();
  const groups = useAlertGroups().data?.data.filter((each) => each.state === "alerting") ?? [];
  const fit = groups.filter((group) => matches(matchers, labelsOf(group, alerts.find((each) => each.id === group.rule_id)?.rule.metric)) === true).length;
  const labels = [...new Set(["rule", "rule_name", "severity", "metric", ...alerts.flatMap((each) => each.rule.group_by ?? [])])];
  const whole = matchers.every((each) => each.value !== "" || each.label !== "rule");
  const right = hours !== null || (isDate(until) && (from === "" || isDate(from)));
  const change = (at: number, more: Partial<Matcher>) => setMatchers(matchers.map((each, place) => (place === at ? { ...each, ...more } : each)));
  const make = () => {
    const starts = hours === null && from ? momentUs(from, scope.zone) : 0;
    const ends = hours === null ? momentUs(until, scope.zone) : (Date.now() + hours * 3_600_000) * 1000;
    create.mutate(
      { matchers, starts_us: starts, ends_us: ends, comment: comment.trim() },
      {
        onSuccess: () => {
          done("Silenced. States and history go on.");
          setMatchers([EMPTY]);
          setComment("");
          setScope({ match: "" }, true);
        },
      },
    );
  };
  const fault = ofForm(create.error, "matchers", "ends_us", "starts_us", "comment");
  return (
    <Panel title="New silence">
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (whole && right) make();
        }}
      >
        {fault && (
          <Note color="red" variant="light" role="alert">
            {fault}
          </Note>
        )}
        {matchers.map((matcher, at) => (
          <div key={at} className={styles["matcher"]}>
            <div>
              <Autocomplete aria-label={`Label ${at + 1}`} data={labels} value={matcher.label} onChange={(label) => change(at, { label })} error={at < 20 && atField(create.error, `matchers[${at}].label`)} />
            </div>
            <div>
              <Select aria-label={`Comparison ${at + 1}`} allowDeselect={false} data={OPS} value={matcher.op} onChange={(op) => op && change(at, { op: op as Matcher["op"] })} />
            </div>
            <div>
              <Value at={at} matcher={matcher} alerts={alerts} onChange={(value) => change(at, { value })} error={atField(create.error, `matchers[${at}].value`)} />
            </div>
            <ActionIcon aria-label={`Take out condition ${at + 1}`} size={30} disabled={matchers.length === 1} onClick={() => setMatchers(matchers.filter((_, place) => place !== at))}>
              <Icon name="close" size={12} />
            </ActionIcon>
          </div>
        ))}
        <div>
          <Button size="compact-sm" variant="subtle" color="gray" leftSection={<Icon name="plus" size={12} />} onClick={() => setMatchers([...matchers, { ...EMPTY, label: labels[4] ?? "user" }])}>
            And …
          </Button>
        </div>
        <div className={styles["times"]} role="group" aria-label="For how long">
          {TIMES.map(([text, many]) => (
            <Button key={many} size="compact-sm" variant={hours === many ? "light" : "default"} aria-pressed={hours === many} onClick={() => setHours(many)}>
              {text}
            </Button>
          ))}
          <Button size="compact-sm" variant={hours === null ? "light" : "default"} aria-pressed={hours === null} onClick={() => setHours(null)}>
            From … until …
          </Button>
        </div>
        {hours === null && (
          <div className={styles["row"]}>
            <TimeField label="From" placeholder="now" value={from} zone={scope.zone} onChange={setFrom} />
            <TimeField label="Until" placeholder="2026-11-30 18:00" value={until} zone={scope.zone} onChange={setUntil} />
          </div>
        )}
        {(atField(create.error, "ends_us") || atField(create.error, "starts_us")) && <Note color="red" variant="light">Silences end in the future, after they begin, and within 366 days.</Note>}
        <div className={styles["row"]}>
          <TextInput label="Why" placeholder="load test" maxLength={500} value={comment} onChange={(event) => setComment(event.currentTarget.value)} error={atField(create.error, "comment")} />
          <p className={styles["fits"]} role="status">
            {whole ? (fit ? `${fit} ${fit === 1 ? "alert that fires" : "alerts that fire"} now would be held back.` : "Nothing that fires now fits; alerts to come may.") : ""}
          </p>
          <Button type="submit" variant="filled" loading={create.isPending} disabled={!whole || !right}>
            Silence
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Value({ at, matcher, alerts, onChange, error }: { at: number; matcher: Matcher; alerts: Alert[]; onChange: (value: string) => void; error: string }) {
  const [prefix] = useDebouncedValue(matcher.value, 120);
  const suggested = useValues(matcher.label, prefix).data?.map((each) => each.value) ?? [];
  const label = `Value ${at + 1}`;
  if (matcher.label === "rule" && (matcher.op === "=" || matcher.op === "!=")) {
    return <Select aria-label={label} searchable placeholder="Choose a rule" data={alerts.map((each) => ({ value: each.id, label: each.rule.name }))} value={matcher.value || null} onChange={(value) => onChange(value ?? "")} error={error} />;
  }
  const known = matcher.label === "severity" ? ["critical", "error", "warning", "info"] : matcher.label === "rule_name" ? [...new Set(alerts.map((each) => each.rule.name))] : matcher.label === "metric" ? [...new Set(alerts.map((each) => each.rule.metric))] : suggested;
  return <Autocomplete aria-label={label} placeholder={matcher.op.endsWith("~") ? "a regular expression for the whole value: load-test.*" : "empty: not set"} data={known} value={matcher.value} onChange={onChange} error={error} />;
}

/** A silence has no end in the past: an age is no time here. */
function isDate(text: string): boolean {
  return isMoment(text) && /^\d{4}-/.test(text.trim());
}

function momentUs(text: string, zone: "local" | "utc"): number {
  return Date.parse(toUrl(text, zone)) * 1000;
}

function readMatchers(text: unknown): Matcher[] {
  try {
    const read: unknown = JSON.parse(String(text));
    const good = Array.isArray(read) ? read.filter((each): each is Matcher => typeof each?.label === "string" && typeof each.value === "string" && OPS.some(({ value }) => value === each.op)) : [];
    return good.length ? good.map(({ label, op, value }) => ({ label, op, value })) : [EMPTY];
  } catch {
    return [EMPTY];
  }
}
