import { Popover, UnstyledButton } from "@mantine/core";
import { Suspense, lazy, useState } from "react";
import { operatorWord, plainValue, type Condition } from "@/state/filterText";
import styles from "./FilterBar.module.css";

const ConditionBuilder = lazy(() => import("./ConditionBuilder").then((module) => ({ default: module.ConditionBuilder })));

interface Props {
  condition: Condition;
  /** Whether the API could not read this condition. */
  faulty: boolean;
  /** Other text for the condition; empty takes it out. */
  onChange: (text: string) => void;
}

/** A condition in words. A click opens the builder for it. */
export function FilterChip({ condition, faulty, onChange }: Props) {
  const [open, setOpen] = useState(false);
  const change = (text: string) => {
    setOpen(false);
    onChange(text);
  };
  return (
    <span className={styles["chip"]} data-faulty={faulty || undefined}>
      <BuilderPopover open={open} onOpen={setOpen} text={condition.text} onDone={change}>
        <UnstyledButton className={styles["words"]} onClick={() => setOpen((before) => !before)} title={`Change ${condition.text}`} aria-expanded={open}>
          {condition.column && <b>{condition.column.replace(/^property\./, "")}</b>}
          {condition.column && <i>{operatorWord(condition)}</i>}
          {plainValue(condition) && <span>{plainValue(condition)}</span>}
        </UnstyledButton>
      </BuilderPopover>
      <UnstyledButton className={styles["remove"]} aria-label={`Remove ${condition.text}`} onClick={() => onChange("")}>
        ×
      </UnstyledButton>
    </span>
  );
}

/** The builder below what opens it. */
export function BuilderPopover(props: { open: boolean; onOpen: (open: boolean) => void; text: string; onDone: (text: string) => void; children: React.ReactElement }) {
  return (
    <Popover opened={props.open} onChange={props.onOpen} position="bottom-start" offset={8} shadow="md" trapFocus returnFocus>
      <Popover.Target>{props.children}</Popover.Target>
      <Popover.Dropdown p="sm">
        <Suspense fallback={<div className={styles["builder"]} />}>
          <ConditionBuilder text={props.text} onDone={props.onDone} onCancel={() => props.onOpen(false)} />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
