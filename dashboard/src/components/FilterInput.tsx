import { Tooltip, UnstyledButton } from "@mantine/core";
import { useRef, useState } from "react";
import type { Fault } from "@/state/fault";
import { joinCondition, splitConditions, withCondition, withoutCondition } from "@/state/filterText";
import { BuilderPopover, FilterChip } from "./FilterChip";
import { FilterFault } from "./FilterFault";
import { FilterField } from "./FilterField";
import { Icon } from "./Icon";
import styles from "./FilterBar.module.css";

interface Props {
  q: string;
  onChange: (q: string) => void;
  /** What of it the API could not read. */
  fault?: Fault | null;
  /** Whether `/` goes here. */
  main?: boolean;
  placeholder?: string;
}

/** A filter: its conditions as chips that open a builder, or the whole as text; suggestions from what the log holds. */
export function FilterInput({ q, onChange, fault = null, main = false, placeholder = "Add a filter" }: Props) {
  const [text, setText] = useState("");
  const [whole, setWhole] = useState<string | null>(null);
  const [building, setBuilding] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const conditions = splitConditions(q);
  const add = (more: string) => {
    setText("");
    setBuilding(false);
    if (more.trim()) onChange(joinCondition(q, more.trim()));
  };
  const editWhole = () => {
    setWhole(q);
    requestAnimationFrame(() => field.current?.focus());
  };
  return (
    <div className={styles["bar"]}>
      <div className={styles["field"]} data-fault={fault ? true : undefined} onClick={(event) => event.target === event.currentTarget && field.current?.focus()}>
        {whole !== null ? (
          <FilterField
            ref={field}
            main={main}
            mono
            label="Filter as text"
            text={whole}
            onText={setWhole}
            onDone={(next) => {
              setWhole(null);
              onChange(next.trim());
            }}
            onEscape={() => setWhole(null)}
          />
        ) : (
          <>
            {conditions.map((condition) => (
              <FilterChip
                key={`${condition.start} ${condition.text}`}
                condition={condition}
                faulty={fault?.place === "filter" && fault.at !== null && condition.start <= fault.at && fault.at <= condition.end}
                onChange={(next) => onChange(withCondition(q, condition, next))}
              />
            ))}
            <FilterField
              ref={field}
              main={main}
              label="Filter"
              text={text}
              placeholder={conditions.length ? "" : placeholder}
              onText={setText}
              onDone={add}
              onBack={() => {
                const last = conditions.at(-1);
                if (!last) return;
                onChange(withoutCondition(q, last));
                setText(last.text);
              }}
            />
          </>
        )}
        <span className={styles["tools"]}>
          {whole === null && (
            <BuilderPopover open={building} onOpen={setBuilding} text="" onDone={add}>
              <UnstyledButton className={styles["tool"]} onClick={() => setBuilding((before) => !before)} aria-label="Build a condition" title="Build a condition" aria-expanded={building}>
                <Icon name="plus" size={14} />
              </UnstyledButton>
            </BuilderPopover>
          )}
          <Tooltip label={whole === null ? "Edit as text" : "Show as conditions (Esc)"}>
            <UnstyledButton className={styles["tool"]} onClick={whole === null ? editWhole : () => setWhole(null)} aria-label="Edit as text" aria-pressed={whole !== null}>
              <Icon name="sql" size={14} />
            </UnstyledButton>
          </Tooltip>
          {q && (
            <UnstyledButton className={styles["tool"]} aria-label="Clear the filter" title="Clear the filter" onClick={() => (setWhole(null), onChange(""))}>
              <Icon name="close" size={12} />
            </UnstyledButton>
          )}
          {main && <kbd>/</kbd>}
        </span>
      </div>
      {fault && <FilterFault fault={fault} q={q} onChange={onChange} onEdit={editWhole} />}
    </div>
  );
}
