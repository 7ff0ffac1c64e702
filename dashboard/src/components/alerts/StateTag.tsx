import { STATES, type AlertState } from "./words";
import styles from "./Alerts.module.css";

/** A state of a rule or a group: a dot and a word. */
export function StateTag({ state, firing = 0 }: { state: string; firing?: number }) {
  const { word, help, tone } = STATES[state as AlertState] ?? { word: state, help: "", tone: "quiet" as const };
  return (
    <span className={styles["state"]} data-tone={tone} title={help}>
      <i />
      {word}
      {firing > 1 && state === "alerting" && <span className={styles["count"]} data-tone="bad" title={`${firing} groups fire`}>{firing.toLocaleString("en")}</span>}
    </span>
  );
}
