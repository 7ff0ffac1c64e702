import { Copy } from "./Bits";
import styles from "./Snippet.module.css";

/** Text to paste into a program, with a button that copies it. `what` names it for screen readers. */
export function Snippet({ text, what, copyLabel }: { text: string; what: string; copyLabel: string }) {
  return (
    <div className={styles["snippet"]}>
      <pre tabIndex={0} aria-label={what}>
        {text}
      </pre>
      <Copy text={text} label={copyLabel} />
    </div>
  );
}
