import { Tooltip, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { Icon } from "@/components/Icon";
import styles from "./raw/Raw.module.css";

/** Copies a text that is fetched when it is asked for. */
export function CopyLater({ load, label }: { load: () => Promise<string>; label: string }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(await load());
      setSaid("Copied");
    } catch {
      setSaid("The browser did not allow it");
    }
    setTimeout(() => setSaid(""), 1500);
  };
  return (
    <Tooltip label={said || label}>
      <UnstyledButton className={styles["step"]} aria-label={label} onClick={() => void copy()}>
        <Icon name={said === "Copied" ? "check" : "copy"} size={14} />
      </UnstyledButton>
    </Tooltip>
  );
}
