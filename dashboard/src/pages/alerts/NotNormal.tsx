import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useAlertChanges, useAlertGroups, useUnitOf, type Alert, type AlertGroup } from "@/api/alerts";
import { useSilences, type Silence } from "@/api/silences";
import { GroupLabels } from "@/components/alerts/GroupLabels";
import { labelsOf, matches, matchersFor } from "@/components/alerts/matching";
import { wholeRule } from "@/components/alerts/rule";
import { SilenceMenu } from "@/components/alerts/SilenceMenu";
import { StateTag } from "@/components/alerts/StateTag";
import { STATES, filterWords, shortCondition, valueWords, type AlertState } from "@/components/alerts/words";
import { Tag, Time } from "@/components/Bits";
import { Panel } from "@/components/Page";
import { Loaded, RowsSkeleton } from "@/components/States";
import { done, failed } from "@/components/toast";
import { useMay } from "@/state/roles";
import styles from "./Alerts.module.css";

const MOST = 50;
const ORDER = Object.keys(STATES);

/** Groups that are not normal, those that fire first. */
export function NotNormal({ alerts, rule = "" }: { alerts: Alert[]; rule?: string }) {
  const query = useAlertGroups(rule);
  const silences = (useSilences().data ?? []).filter((each) => each.active);
  const rules = new Map(alerts.map((each) => [each.id, each]));
  return (
    <Loaded query={query} skeleton={<RowsSkeleton rows={3} />}>
      {(page) => {
        const groups = page.data
          .filter((each) => rules.has(each.rule_id))
          .sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || (other.active_us || other.since_us) - (one.active_us || one.since_us));
        const firing = groups.filter((each) => each.state === "alerting").length;
        const more = page.next !== null || groups.length > MOST;
        if (!groups.length) {
          return (
            <p className={styles["calm"]} role="status">
              <i />
              {calmWords(alerts, !!rule)}
            </p>
          );
        }
        return (
          <Panel title={firing ? `${firing.toLocaleString("en")}${page.next ? "+" : ""} firing now` : "Now"} sub={groups.length > firing ? `${groups.length - firing} more not normal` : ""} flush>
            <ul className={styles["firing"]} aria-label={rule ? "Groups that are not normal" : "Alerts now"}>
                {groups.slice(0, MOST).map((group) => (
                  <Row key={group.rule_id + group.id} group={group} alert={rules.get(group.rule_id)!} silences={silences} named={!rule} first={groups.find((each) => each.rule_id === group.rule_id) === group} />
                ))}
            </ul>
            {more && <p className={styles["more"]}>{page.next ? `The first ${Math.min(MOST, groups.length)} are shown; there are more.` : `${groups.length - MOST} more are not shown.`}</p>}
          </Panel>
        );
      }}
    </Loaded>
  );
}

function calmWords(alerts: Alert[], one: boolean): string {
  const watched = alerts.filter((each) => each.evaluated_us > 0 && each.rule.enabled !== false).length;
  if (one) return watched ? "All groups are normal." : "Not evaluated yet.";
  return `Nothing fires. ${watched} ${watched === 1 ? "rule is" : "rules are"} evaluated each minute.`;
}

function Row({ group, alert, silences, named, first }: { group: AlertGroup; alert: Alert; silences: Silence[]; named: boolean; first: boolean }) {
  const rule = wholeRule(alert.rule);
  const unit = useUnitOf()(rule.metric);
  const member = useMay("member");
  const { acknowledge } = useAlertChanges();
  const fires = group.state === "alerting" || group.state === "recovering";
  const silenced = silences.find((each) => matches(each.matchers, labelsOf(group, rule.metric)) === true);
  const labels = Object.entries(group.labels).map(([name, value]) => `${name} ${value || "not set"}`);
  const tone = STATES[group.state as AlertState]?.tone;
  return (
    <li data-tone={tone === "bad" || tone === "warn" ? tone : undefined}>
      <StateTag state={group.state} />
      <div className={styles["who"]}>
        {named && (
          <Link to={"/alerts/$id" as string} params={{ id: group.rule_id } as never}>
            {group.rule_name}
          </Link>
        )}
        <span>
          {group.whole ? <small>{alert.problem || "the rule as a whole"}</small> : <GroupLabels rule={rule} labels={group.labels} all={filterWords(rule.filter) || "all requests"} />}
        </span>
      </div>
      <div className={styles["value"]}>
        {!group.whole && (
          <>
            <strong>{rule.metric === "no_traffic" ? "no requests" : valueWords(group.value, unit)}</strong>
            {rule.metric !== "no_traffic" && <small>{rule.condition.kind === "threshold" ? shortCondition(rule, unit) : group.threshold}</small>}
          </>
        )}
      </div>
      <span className={styles["since"]}>
        <Time at={new Date((group.active_us || group.since_us) / 1000)} relative />
      </span>
      <div className={styles["buttons"]}>
        {silenced && (
          <Link to={"/alerts/silences" as string} title={`Silenced until ${new Date(silenced.ends_us / 1000).toLocaleString("en-GB")}${silenced.comment ? `: ${silenced.comment}` : ""}`}>
            <Tag>silenced</Tag>
          </Link>
        )}
        {fires && alert.acknowledged_us > 0 && <Tag tone="ok">acknowledged</Tag>}
        {member && named && first && fires && !alert.acknowledged_us && (
          <Button
            size="compact-sm"
            loading={acknowledge.isPending}
            aria-label={`Acknowledge ${group.rule_name}`}
            title="All alerts of this rule: they are not sent again until they are over"
            onClick={() => acknowledge.mutate(alert.id, { onSuccess: () => done(`${group.rule_name} is acknowledged: it is not sent again until it is over.`), onError: (error) => failed("Not acknowledged", error) })}
          >
            Acknowledge
          </Button>
        )}
        {member && !silenced && <SilenceMenu compact matchers={matchersFor(group.rule_id, group.whole ? {} : group.labels)} what={labels.length && !group.whole ? labels.join(", ") : group.rule_name} />}
      </div>
    </li>
  );
}
