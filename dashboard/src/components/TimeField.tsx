import { ActionIcon, TextInput } from "@mantine/core";
import { useRef } from "react";
import type { Zone } from "@/format/times";
import { Icon } from "./Icon";
import { isMoment, toPicker } from "./timeText";
import styles from "./TimeRange.module.css";

interface Props {
  label: string;
  placeholder: string;
  value: string;
  zone: Zone;
  onChange: (text: string) => void;
}

/** A time as text, or from the browser's calendar. */
export function TimeField({ label, placeholder, value, zone, onChange }: Props) {
  const picker = useRef<HTMLInputElement>(null);
  const wrong = value !== "" && !isMoment(value);
  return (
    <div className={styles["time"]}>
      <TextInput
        label={label}
        placeholder={placeholder}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={wrong ? "A time such as 2026-11-26 10:00, a day, or how long ago: 90s, 15m, 2h, 7d" : undefined}
        rightSection={
          <ActionIcon size="sm" aria-label={`Choose “${label.toLowerCase()}” in a calendar`} onClick={() => picker.current?.showPicker()}>
            <Icon name="clock" size={14} />
          </ActionIcon>
        }
      />
      <input
        ref={picker}
        type="datetime-local"
        step={1}
        tabIndex={-1}
        aria-hidden="true"
        value={toPicker(value, zone)}
        onChange={(event) => event.currentTarget.value && onChange(event.currentTarget.value.replace("T", " "))}
      />
    </div>
  );
}
