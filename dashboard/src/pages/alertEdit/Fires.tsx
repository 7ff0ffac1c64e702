import { NumberInput, SegmentedControl, Select } from "@mantine/core";
import { faultAt } from "@/components/alerts/faults";
import { INGEST_LAG, NO_TRAFFIC, type Condition } from "@/components/alerts/rule";
import { Panel } from "@/components/Page";
import { DurationField } from "./DurationField";
import type { PartProps } from "./fields";
import styles from "./Edit.module.css";

const WAITS = ["0m", "2m", "5m", "10m", "30m", "1h"];
const KINDS = [
  { value: "threshold", label: "A number" },
  { value: "change", label: "A change" },
  { value: "band", label: "The usual band" },
];
const OPS: Record<Condition["kind"], [Condition["op"], string][]> = {
  threshold: [["above", "is above"], ["below", "is below"]],
  change: [["above", "is more by"], ["below", "is less by"], ["outside", "is more or less by"]],
  band: [["above", "is above it by"], ["below", "is below it by"], ["outside", "is outside of it by"]],
};

/** When it fires, and when it is over. */
export function Fires({ rule, set, unit, error }: PartProps) {
  const { condition } = rule;
  const put = (change: Partial<Condition>) => set({ condition: { ...condition, ...change } });
  const nothing = rule.metric === NO_TRAFFIC;
  const lag = rule.metric === INGEST_LAG;
  const compared = condition.kind !== "threshold";
  return (
    <Panel title="When it fires">
      <div className={styles["fields"]}>
        {nothing ? (
          <p className={styles["note"]}>It fires when a window has no request, though there were some in the day before. It takes no condition.</p>
        ) : (
          <>
            <div className={styles["field"]}>
              <span className={styles["label"]}>Compare with</span>
              <SegmentedControl
                aria-label="Compare with"
                data={lag ? KINDS.slice(0, 1) : KINDS}
                value={condition.kind}
                onChange={(kind) => put(ofKind(kind as Condition["kind"], condition, unit))}
              />
              {faultAt(error, "condition.kind") && <span className={styles["fault"]}>{faultAt(error, "condition.kind")}</span>}
            </div>
            <div className={styles["three"]}>
              <Select label="Fires when it" allowDeselect={false} data={OPS[condition.kind].map(([value, label]) => ({ value, label }))} value={condition.op} onChange={(op) => op && put({ op: op as Condition["op"] })} error={faultAt(error, "condition.op")} />
              <Amount label={compared ? "By" : "Value"} unit={unit} kind={condition.kind} value={condition.value} onChange={(value) => put({ value: value ?? Number.NaN })} error={Number.isFinite(condition.value) ? faultAt(error, "condition.value") || faultAt(error, "condition") : "A number."} />
              <Amount label="Is over at" placeholder="the same" unit={unit} kind={condition.kind} value={condition.resolve} onChange={(resolve) => put({ resolve })} error={faultAt(error, "condition.resolve")} />
            </div>
            {condition.kind === "change" && (
              <Select
                label="Against"
                allowDeselect={false}
                data={[{ value: "previous", label: "the window just before" }, { value: "last_week", label: "the same time last week" }]}
                value={condition.against}
                onChange={(against) => against && put({ against: against as Condition["against"] })}
                error={faultAt(error, "condition.against")}
              />
            )}
            {condition.kind === "band" && <NumberInput label="Of the last weeks" description="The same window in each; 3 to 8" min={3} max={8} clampBehavior="none" allowDecimal={false} value={condition.weeks} onChange={(weeks) => typeof weeks === "number" && put({ weeks })} error={faultAt(error, "condition.weeks")} />}
          </>
        )}
        <div className={styles["three"]}>
          <DurationField label="Only if so for" zero="at once" value={rule.for} choices={WAITS} onChange={(value) => set({ for: value })} error={faultAt(error, "for")} />
          <DurationField label="Keeps firing for" zero="no longer" value={rule.keep_firing_for} choices={WAITS} onChange={(keep_firing_for) => set({ keep_firing_for })} error={faultAt(error, "keep_firing_for")} />
          <NumberInput label="With at least" suffix=" requests" placeholder="any number" min={0} clampBehavior="none" allowDecimal={false} thousandSeparator="," disabled={nothing || lag} value={rule.min_samples || ""} onChange={(many) => set({ min_samples: typeof many === "number" ? many : 0 })} error={faultAt(error, "min_samples")} />
        </div>
        <Select
          label="Without anything to compute it from"
          allowDeselect={false}
          data={[
            { value: "show", label: "show “No data”" },
            { value: "notify", label: "show it, and tell people" },
            { value: "keep", label: "keep the state as it was" },
            { value: "alerting", label: "fire", disabled: rule.group_by.length > 0 },
          ]}
          value={rule.on_no_data}
          onChange={(value) => value && set({ on_no_data: value as typeof rule.on_no_data })}
          error={faultAt(error, "on_no_data")}
        />
      </div>
    </Panel>
  );
}

/** A condition of another kind, with a size that is usual for it. */
function ofKind(kind: Condition["kind"], before: Condition, unit: string): Partial<Condition> {
  const value = kind === "change" ? 50 : kind === "band" ? 3 : unit === "ratio" ? 0.1 : unit === "ms" ? 10_000 : unit === "USD" ? 10 : 100;
  return { kind, value, resolve: null, op: kind === "threshold" && before.op === "outside" ? "above" : before.op };
}

interface AmountProps {
  label: string;
  placeholder?: string;
  unit: string;
  kind: Condition["kind"];
  value: number | null;
  onChange: (value: number | null) => void;
  error?: string;
}

/** A number in the unit that people think in: percent for shares. */
function Amount({ label, placeholder, unit, kind, value, onChange, error }: AmountProps) {
  const share = kind === "threshold" && unit === "ratio";
  const shown = value === null || !Number.isFinite(value) ? "" : share ? round(value * 100) : value;
  const suffix = kind === "change" || share ? " %" : kind === "band" ? " σ" : unit === "USD" || !unit ? "" : ` ${unit === "calls" ? "requests" : unit}`;
  return (
    <NumberInput
      label={label}
      placeholder={placeholder}
      prefix={kind === "threshold" && unit === "USD" ? "$" : ""}
      suffix={suffix}
      thousandSeparator=","
      decimalScale={12}
      value={shown}
      onChange={(typed) => onChange(typeof typed === "number" ? (share ? round(typed / 100) : typed) : typed === "" ? null : Number(typed))}
      error={error}
    />
  );
}

/** Without the noise of floating point. */
function round(value: number): number {
  return Number(value.toPrecision(12));
}
