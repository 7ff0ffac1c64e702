import { Tooltip, UnstyledButton } from "@mantine/core";
import { useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { faultOf } from "@/state/fault";
import { joinCondition, splitConditions, withCondition, withoutCondition } from "@/state/filterText";
import { useScope } from "@/state/search";
import { BuilderPopover, FilterChip } from "./FilterChip";
import { FilterFault } from "./FilterFault";
import { FilterField } from "./FilterField";
import { Icon } from "./Icon";
import styles from "./FilterBar.module.css";

/** The page's filter: its conditions as chips that open a builder, or the whole as text; suggestions from what the log
 * holds. `error` is that of the page's question: what cannot be read is told here. */
export function FilterBar({ error }: { error?: unknown }) {
  const [scope, setScope] = useScope();
  const [text, setText] = useState("");
  const [whole, setWhole] = useState<string | null>(null);
  const [building, setBuilding] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const conditions = splitConditions(scope.q);
  const told = error instanceof ApiError ? faultOf(error) : null;
  const fault = told?.place === "other" ? null : told;
  const add = (more: string) => {
    setText("");
    setBuilding(false);
    if (more.trim()) setScope({ q: joinCondition(scope.q, more.trim()) });
  };
  const editWhole = () => {
    setWhole(scope.q);
    requestAnimationFrame(() => field.current?.focus());
  };
  return (
    <div className={styles["bar"]}>
      <div className={styles["field"]} data-fault={fault ? true : undefined} onClick={(event) => event.target === event.currentTarget && field.current?.focus()}>
        {whole !== null ? (
          <FilterField
            ref={field}
            main
            mono
            label="Filter as text"
            text={whole}
            onText={setWhole}
            onDone={(next) => {
              setWhole(null);
              setScope({ q: next.trim() });
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
                onChange={(next) => setScope({ q: withCondition(scope.q, condition, next) })}
              />
            ))}
            <FilterField
              ref={field}
              main
              label="Filter"
              text={text}
              placeholder={conditions.length ? "" : "Add a filter, or type text to search prompts and answers"}
              onText={setText}
              onDone={add}
              onBack={() => {
                const last = conditions.at(-1);
                if (!last) return;
                setScope({ q: withoutCondition(scope.q, last) });
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
          {scope.q && (
            <UnstyledButton className={styles["tool"]} aria-label="Clear the filter" title="Clear the filter" onClick={() => (setWhole(null), setScope({ q: "" }))}>
              <Icon name="close" size={12} />
            </UnstyledButton>
          )}
          <kbd>/</kbd>
        </span>
      </div>
      {fault && <FilterFault fault={fault} onEdit={editWhole} />}
    </div>
  );
}
