import { Popover, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useId, useRef, useState, type Ref } from "react";
import { useSuggestions } from "@/api/suggestions";
import styles from "./FilterBar.module.css";

interface Props {
  ref?: Ref<HTMLInputElement>;
  label: string;
  text: string;
  placeholder?: string;
  mono?: boolean;
  /** Whether `/` goes to this field. */
  main?: boolean;
  onText: (text: string) => void;
  /** Enter, or a value that was chosen: the whole text. */
  onDone: (text: string) => void;
  onEscape?: () => void;
  /** Backspace where nothing is typed. */
  onBack?: () => void;
}

/** A field for a filter's text form; suggests columns and values for the word at the caret. */
export function FilterField(props: Props) {
  const { text, onText, onDone } = props;
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [caret, setCaret] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const word = wordBefore(text.slice(0, caret));
  const [typed] = useDebouncedValue(word, 100);
  const suggestions = useSuggestions(typed, open);
  const shown = open && suggestions.length > 0 && typed === word;
  useEffect(() => setAt(-1), [typed]);
  const look = () => setCaret(field.current?.selectionStart ?? text.length);

  const choose = (insert: string) => {
    const before = text.slice(0, caret - word.length) + insert;
    const next = before + text.slice(caret);
    const open = /[:=<>~.]$/.test(insert);
    if (!open && !text.slice(caret).trim() && !props.mono) {
      setOpen(false);
      onDone(next);
      return;
    }
    onText(open ? next : next + (text.slice(caret) ? "" : " "));
    requestAnimationFrame(() => {
      field.current?.focus();
      const place = before.length + (open || text.slice(caret) ? 0 : 1);
      field.current?.setSelectionRange(place, place);
      setCaret(place);
    });
  };
  return (
    <Popover opened={shown} position="bottom-start" offset={6} shadow="md" returnFocus={false} trapFocus={false}>
      <Popover.Target>
        <input
          ref={(element) => {
            field.current = element;
            if (typeof props.ref === "function") props.ref(element);
            else if (props.ref) props.ref.current = element;
          }}
          data-filter-input={props.main || undefined}
          className={props.mono ? styles["mono"] : undefined}
          role="combobox"
          aria-expanded={shown}
          aria-controls={shown ? id : undefined}
          aria-activedescendant={shown && at >= 0 ? `${id}-${at}` : undefined}
          aria-autocomplete="list"
          aria-label={props.label}
          aria-haspopup="listbox"
          autoComplete="off"
          spellCheck={false}
          value={text}
          placeholder={props.placeholder}
          onFocus={() => {
            look();
            setOpen(true);
          }}
          onSelect={look}
          onBlur={() => setTimeout(() => setOpen(false), 150)}
          onChange={(event) => {
            onText(event.currentTarget.value);
            setCaret(event.currentTarget.selectionStart ?? event.currentTarget.value.length);
            setOpen(true);
          }}
          onKeyDown={(event) => {
            const many = shown ? suggestions.length : 0;
            if (event.key === "ArrowDown" && many) setAt((before) => Math.min(before + 1, many - 1));
            else if (event.key === "ArrowUp" && many) setAt((before) => Math.max(before - 1, -1));
            else if (event.key === "Tab" && !event.shiftKey && many && word) choose(suggestions[Math.max(at, 0)]!.insert);
            else if (event.key === "Enter") {
              if (at >= 0 && many) choose(suggestions[at]!.insert);
              else {
                setOpen(false);
                onDone(text);
              }
            } else if (event.key === "Escape") {
              if (shown) setOpen(false);
              else {
                props.onEscape?.();
                field.current?.blur();
              }
            } else if (event.key === "Backspace" && !text && props.onBack) props.onBack();
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        />
      </Popover.Target>
      <Popover.Dropdown p={4} role="presentation">
        <div id={id} role="listbox" aria-label="Suggestions" className={styles["list"]}>
          {suggestions.map((each, index) => (
            <UnstyledButton
              key={each.insert}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              className={styles["option"]}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(each.insert)}
            >
              <span>{each.label}</span>
              <small>{each.hint}</small>
            </UnstyledButton>
          ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

/** What of a text the caret is at the end of: spaces in quotes belong to it. */
function wordBefore(text: string): string {
  return /(?:[^\s"(]|"(?:[^"\\]|\\.)*"?)*$/.exec(text)?.[0] ?? "";
}
