import { Autocomplete, Button, Select, TagsInput, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useValues } from "@/api/suggestions";
import { OPERATIONS, OPERATION_WORDS, draftOf, textOfDraft, valuesOf, type Draft, type Operation } from "@/state/conditionDraft";
import { FILTER_COLUMNS, kindOf } from "@/state/filterColumns";
import { splitConditions } from "@/state/filterText";
import styles from "./FilterBar.module.css";

interface Props {
  /** The text form to begin with; empty for a new condition. */
  text: string;
  onDone: (text: string) => void;
  onCancel: () => void;
}

const NEW: Draft = { column: "", operation: "is", values: [] };

/** A condition in three fields, and as text. Both say the same: a change of one changes the other. */
export function ConditionBuilder({ text: before, onDone, onCancel }: Props) {
  const [text, setText] = useState(before);
  const [draft, setDraft] = useState<Draft | null>(before ? read(before) : NEW);
  const change = (next: Draft) => {
    setDraft(next);
    setText(textOfDraft(next));
  };
  return (
    <form
      className={styles["builder"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) onDone(text.trim());
      }}
    >
      {draft ? <Fields draft={draft} onChange={change} /> : <p className={styles["note"]}>This condition is a group. Edit it as text.</p>}
      <TextInput
        label="As text"
        classNames={{ input: styles["mono"]! }}
        spellCheck={false}
        placeholder="user:ada"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setDraft(event.currentTarget.value.trim() ? read(event.currentTarget.value) : NEW);
        }}
      />
      <div className={styles["actions"]}>
        {before && (
          <Button variant="subtle" color="gray" onClick={() => onDone("")}>
            Remove
          </Button>
        )}
        <span />
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" variant="filled" disabled={!text.trim()}>
          {before ? "Apply" : "Add"}
        </Button>
      </div>
    </form>
  );
}

function read(text: string): Draft | null {
  const conditions = splitConditions(text);
  return conditions.length === 1 ? draftOf(conditions[0]!) : null;
}

const COLUMNS = [...new Set(FILTER_COLUMNS.map((column) => column.group))].map((group) => ({
  group,
  items: FILTER_COLUMNS.filter((column) => column.group === group).map((column) => column.name),
}));

function Fields({ draft, onChange }: { draft: Draft; onChange: (draft: Draft) => void }) {
  const properties = useValues("property", "").data ?? [];
  const scores = useValues("score", "").data ?? [];
  const own = [...properties.map(({ value }) => `property.${value}`), ...scores.map(({ value }) => `score.${value}`)];
  const known = new Set([...FILTER_COLUMNS.map((column) => column.name), ...own]);
  const extra = draft.column && !known.has(draft.column) ? [draft.column] : [];
  const kind = kindOf(draft.column);
  const operations = OPERATIONS[kind].includes(draft.operation) ? OPERATIONS[kind] : [...OPERATIONS[kind], draft.operation];
  const pick = (column: string) => {
    const able = OPERATIONS[kindOf(column)];
    onChange({ column, operation: able.includes(draft.operation) ? draft.operation : able[0]!, values: column === draft.column ? draft.values : [] });
  };
  return (
    <div className={styles["fields"]}>
      <Select
        label="Column"
        data-autofocus={draft.column ? undefined : true}
        searchable
        maxDropdownHeight={280}
        placeholder="Choose a column"
        comboboxProps={{ withinPortal: false }}
        data={[...COLUMNS, ...(own.length + extra.length ? [{ group: "Properties and scores", items: [...own, ...extra] }] : [])]}
        value={draft.column || null}
        onChange={(value) => value && pick(value)}
      />
      <Select
        label="Comparison"
        allowDeselect={false}
        comboboxProps={{ withinPortal: false }}
        data={operations.map((value) => ({ value, label: OPERATION_WORDS[value] }))}
        value={draft.operation}
        onChange={(value) => value && onChange({ ...draft, operation: value as Operation })}
      />
      <Values draft={draft} onChange={(values) => onChange({ ...draft, values })} />
    </div>
  );
}

function Values({ draft, onChange }: { draft: Draft; onChange: (values: string[]) => void }) {
  const [typed, setTyped] = useState(draft.values[0] ?? "");
  const [prefix] = useDebouncedValue(typed, 120);
  const many = valuesOf(draft.operation);
  const suggested = useValues(draft.column, prefix, many !== 0).data?.map(({ value }) => value) ?? [];
  const hint = FILTER_COLUMNS.find((column) => column.name === draft.column)?.hint || "a value";
  const [first = "", second = ""] = draft.values;
  if (many === 0) return null;
  if (many === "many") {
    return <TagsInput label="Values" placeholder={draft.values.length ? "" : hint} comboboxProps={{ withinPortal: false }} data={suggested} value={draft.values} onSearchChange={setTyped} onChange={onChange} />;
  }
  if (many === 2) {
    return (
      <div className={styles["pair"]}>
        <TextInput label="From" placeholder={hint} value={first} onChange={(event) => onChange([event.currentTarget.value, second])} />
        <TextInput label="To" value={second} onChange={(event) => onChange([first, event.currentTarget.value])} />
      </div>
    );
  }
  return (
    <Autocomplete
      label="Value"
      data-autofocus={draft.column ? true : undefined}
      placeholder={hint}
      comboboxProps={{ withinPortal: false }}
      data={suggested}
      filter={({ options }) => options}
      value={first}
      onChange={(value) => {
        setTyped(value);
        onChange([value]);
      }}
    />
  );
}
