import { TextInput } from "@mantine/core";
import { useAlertMetrics } from "@/api/alerts";
import { usePropertyNames } from "@/api/suggestions";
import { useMetricsSchema, useScoreNames } from "@/api/tiles";
import { faultAt, filterFault } from "@/components/alerts/faults";
import { INGEST_LAG, NO_TRAFFIC } from "@/components/alerts/rule";
import { metricName } from "@/components/alerts/words";
import { FilterInput } from "@/components/FilterInput";
import { dimensionChoices, measureChoices, type ChoiceGroup } from "@/components/measures/choices";
import { Picks } from "@/components/measures/Picks";
import { Panel } from "@/components/Page";
import { DurationField } from "./DurationField";
import { withMetric } from "./draft";
import type { PartProps } from "./fields";
import styles from "./Edit.module.css";

const WINDOWS = ["1m", "5m", "15m", "30m", "1h", "6h", "12h", "1d", "7d", "30d", "month"];

/** What is looked at: a metric, of which calls, for each of what, over which time. */
export function Watch({ rule, set, unit, error, unitOf }: PartProps & { unitOf: (metric: string) => string }) {
  const metrics = useAlertMetrics();
  const schema = useMetricsSchema();
  const properties = usePropertyNames();
  const scores = useScoreNames();
  const alone = rule.metric === INGEST_LAG;
  const days = rule.window === "month" || rule.condition.kind !== "threshold";
  return (
    <Panel title="What to watch">
      <div className={styles["fields"]}>
        <div className={styles["pair"]}>
          <Picks
            label="Metric"
            data={metricChoices(measureChoices((metrics.data ?? []) as never, scores.data ?? [], [rule.metric]))}
            value={[rule.metric]}
            onChange={([metric]) => metric && set(withMetric(rule, metric, unit, unitOf(metric)))}
            most={1}
            placeholder="cost, error rate, P95 latency …"
            error={faultAt(error, "metric")}
          />
          <DurationField label="In the last" value={rule.window} choices={WINDOWS} onChange={(window) => set({ window })} error={faultAt(error, "window")} />
        </div>
        {!alone && (
          <>
            <div className={styles["field"]}>
              <span className={styles["label"]}>Of which requests</span>
              <FilterInput q={rule.filter} onChange={(filter) => set({ filter })} fault={filterFault(error)} placeholder="All requests. Add a filter" />
            </div>
            <Picks
              label="For each"
              data={dimensionChoices(schema.data?.dimensions ?? [], properties.data ?? [], rule.group_by)}
              value={rule.group_by}
              onChange={(group_by) => set({ group_by, notify_by: rule.notify_by.filter((each) => group_by.includes(each)), ...(group_by.length && rule.on_no_data === "alerting" ? { on_no_data: "show" } : {}) })}
              most={4}
              placeholder={rule.metric === NO_TRAFFIC ? "all requests together; or each model, each key …" : "all requests together; or each user, model, key, property …"}
              description={rule.group_by.length ? "Each has its own value and its own state" : undefined}
              error={faultAt(error, "group_by")}
            />
          </>
        )}
        {days && <TextInput label="Time zone" description="Whose months, days and weeks these are" value={rule.zone} onChange={(event) => set({ zone: event.currentTarget.value })} error={faultAt(error, "zone")} spellCheck={false} />}
      </div>
    </Panel>
  );
}

/** With the words of alerts; what is no figure of the log stands at the end. */
function metricChoices(groups: ChoiceGroup[]): ChoiceGroup[] {
  return groups.map(({ group, items }) => ({ group: group === "Other" ? "Traffic and more" : group, items: items.map(({ value }) => ({ value, label: metricName(value) })) }));
}
