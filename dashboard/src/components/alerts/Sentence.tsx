import { sentence } from "./words";
import type { Rule } from "./rule";
import styles from "./Alerts.module.css";

/** The rule as one sentence. */
export function Sentence({ rule, unit }: { rule: Rule; unit: string }) {
  return (
    <p className={styles["sentence"]}>
      {sentence(rule, unit).map((piece, index) => (piece.strong ? <b key={index}>{piece.text}</b> : <span key={index}>{piece.text}</span>))}
    </p>
  );
}
