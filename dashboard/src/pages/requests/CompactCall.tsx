import { isFailed, numberOf, textOf, type CallRow } from "@/api/callRow";
import { Status, Time } from "@/components/Bits";
import { ABSENT, duration, money } from "@/format/numbers";
import styles from "./CallList.module.css";

/** A call in two lines, for narrow screens. */
export function CompactCall(row: CallRow) {
  const failed = isFailed(row);
  const told = failed ? [textOf(row, "error") || textOf(row, "outcome"), textOf(row, "error_message")].filter(Boolean).join(": ") : textOf(row, "request_preview");
  return (
    <div className={styles["compact"]}>
      <Status code={Number(row["status"])} outcome={textOf(row, "outcome")} />
      <strong>{textOf(row, "model") || textOf(row, "model_asked") || textOf(row, "operation") || ABSENT}</strong>
      <span className={styles["figures"]}>
        <Time at={row.start} />
      </span>
      <span data-bad={failed || undefined}>{told || textOf(row, "request_name") || ABSENT}</span>
      <span className={styles["figures"]}>
        {duration(numberOf(row, "latency_ms"))} · {row["cached"] === true ? "$0" : failed && numberOf(row, "cost") === null ? ABSENT : money(numberOf(row, "cost"))}
      </span>
    </div>
  );
}
