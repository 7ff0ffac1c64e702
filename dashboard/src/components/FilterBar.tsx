import { Popover, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { useSuggestions } from "@/api/suggestions";
import { operatorWord, plainValue, splitConditions, withoutCondition } from "@/state/filterText";
import { useScope } from "@/state/search";
import { Icon } from "./Icon";
import styles from "./FilterBar.module.css";

/** The page's filter: its conditions as chips, and a field for one more, with suggestions from what the log holds. */
export function FilterBar({ error }: { error?: unknown }) {
  const [scope, setScope] = useScope();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const [typed] = useDebouncedValue(text, 120);
  const suggestions = useSuggestions(lastWord(typed), open);
  const conditions = splitConditions(scope.q);
  const fault = error instanceof ApiError && error.status === 400 ? error : null;
  useEffect(() => setAt(-1), [typed]);

  const add = (more: string) => {
    const whole = `${scope.q} ${more}`.trim();
    if (whole !== scope.q) setScope({ q: whole });
    setText("");
    setOpen(false);
  };
  const choose = (value: string) => {
    const before = text.slice(0, text.length - lastWord(text).length);
    if (/[:=<>~.]$/.test(value)) {
      setText(before + value);
      field.current?.focus();
    } else add(before + value);
  };
  return (
    <div className={styles["bar"]}>
      <Popover opened={open && suggestions.length > 0} position="bottom-start" offset={4} shadow="md" withinPortal returnFocus={false} trapFocus={false}>
        <Popover.Target>
          <div className={styles["field"]} data-fault={fault ? true : undefined} onClick={() => field.current?.focus()}>
            {conditions.map((condition) => (
              <span key={condition.text} className={styles["chip"]} title={condition.text}>
                {condition.column && <b>{condition.column.replace(/^property\./, "")}</b>}
                {condition.column && <i>{operatorWord(condition)}</i>}
                {plainValue(condition) && (
                  <UnstyledButton
                    component="span"
                    className={styles["value"]!}
                    onClick={() => {
                      setScope({ q: withoutCondition(scope.q, condition) });
                      setText(condition.text);
                    }}
                  >
                    {plainValue(condition)}
                  </UnstyledButton>
                )}
                <UnstyledButton className={styles["remove"]} aria-label={`Remove ${condition.text}`} onClick={() => setScope({ q: withoutCondition(scope.q, condition) })}>
                  ×
                </UnstyledButton>
              </span>
            ))}
            <input
              ref={field}
              data-filter-input
              role="combobox"
              aria-expanded={open && suggestions.length > 0}
              aria-controls="filter-suggestions"
              aria-label="Filter"
              spellCheck={false}
              value={text}
              placeholder={conditions.length ? "" : "Add a filter, or type text to search prompts and answers"}
              onFocus={() => setOpen(true)}
              onBlur={() => setTimeout(() => setOpen(false), 150)}
              onChange={(event) => {
                setText(event.currentTarget.value);
                setOpen(true);
              }}
              onKeyDown={(event) => {
                if (event.key === "ArrowDown") setAt((before) => Math.min(before + 1, suggestions.length - 1));
                else if (event.key === "ArrowUp") setAt((before) => Math.max(before - 1, -1));
                else if (event.key === "Tab" && at < 0 && open && suggestions[0] && text) choose(suggestions[0].insert);
                else if (event.key === "Enter") {
                  if (at >= 0 && suggestions[at]) choose(suggestions[at].insert);
                  else if (text.trim()) add(text.trim());
                } else if (event.key === "Escape") {
                  setOpen(false);
                  field.current?.blur();
                } else if (event.key === "Backspace" && !text && conditions.length) {
                  const last = conditions[conditions.length - 1]!;
                  setScope({ q: withoutCondition(scope.q, last) });
                  setText(last.text);
                } else return;
                event.preventDefault();
              }}
            />
            {conditions.length > 1 && (
              <UnstyledButton className={styles["remove"]} aria-label="Remove all conditions" onClick={() => setScope({ q: "" })}>
                <Icon name="close" size={12} />
              </UnstyledButton>
            )}
            <kbd>/</kbd>
          </div>
        </Popover.Target>
        <Popover.Dropdown p={4}>
          <div id="filter-suggestions" role="listbox" aria-label="Suggestions" className={styles["list"]}>
            {suggestions.map((each, index) => (
              <UnstyledButton key={each.insert} role="option" aria-selected={index === at} className={styles["option"]} onMouseDown={(event) => event.preventDefault()} onClick={() => choose(each.insert)}>
                <span>{each.label}</span>
                <small>{each.hint}</small>
              </UnstyledButton>
            ))}
          </div>
        </Popover.Dropdown>
      </Popover>
      {fault && (
        <p className={styles["fault"]} role="alert">
          {fault.detail}
        </p>
      )}
    </div>
  );
}

function lastWord(text: string): string {
  return /(?:[^\s"]|"(?:[^"\\]|\\.)*"?)*$/.exec(text)?.[0] ?? "";
}
