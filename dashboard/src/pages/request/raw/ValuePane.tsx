import { UnstyledButton } from "@mantine/core";
import { Copy } from "@/components/Bits";
import { Icon } from "@/components/Icon";
import { count } from "@/format/numbers";
import { CopyLater } from "../CopyLater";
import { visible } from "../visible";
import type { Value } from "../worker/protocol";
import styles from "./Raw.module.css";

/** The selected value: its path, and its text with line breaks. */
export function ValuePane({ value, wholeOf, onClose }: { value: Value; wholeOf: () => Promise<string>; onClose: () => void }) {
  const shown = value.text.slice(0, 20_000);
  return (
    <div className={styles["pane"]}>
      <div className={styles["paneHead"]}>
        <code>{value.path}</code>
        <Copy text={value.path} label="Copy the path" />
        <span className={styles["grow"]} />
        <CopyLater load={wholeOf} label="Copy the value" />
        <UnstyledButton className={styles["step"]} aria-label="Close the value" onClick={onClose}>
          <Icon name="close" size={14} />
        </UnstyledButton>
      </div>
      <pre tabIndex={0}>
        {visible(shown)}
        {value.length > shown.length && <span className="dim">{`\n… ${count(value.length - shown.length)} more characters; the copy has all of them`}</span>}
      </pre>
    </div>
  );
}
