import type { ReactNode } from "react";
import { Copy } from "./Bits";
import styles from "./Secret.module.css";

/** A text that is shown once, to be copied; `children` say so. */
export function Secret({ text, label, children }: { text: string; label: string; children?: ReactNode }) {
  return (
    <div className={styles["frame"]}>
      <div className={styles["secret"]}>
        <code>{text}</code>
        <Copy text={text} label={label} />
      </div>
      {children && <p>{children}</p>}
    </div>
  );
}
