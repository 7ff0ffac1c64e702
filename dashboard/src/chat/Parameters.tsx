import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { Icon } from "@/components/Icon";
import type { Draft, Faults } from "./draft";
import styles from "./Fields.module.css";
import { JsonField } from "./JsonField";

interface Props {
  draft: Draft;
  faults: Faults;
  onChange: (part: Partial<Draft>) => void;
  onRun?: (() => void) | undefined;
}

const TOOL = `[
  {
    "type": "function",
    "function": {
      "name": "find_order",
      "description": "Looks an order up by its number",
      "parameters": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}
    }
  }
]`;
const ANTHROPIC_TOOL = `[
  {
    "name": "find_order",
    "description": "Looks an order up by its number",
    "input_schema": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}
  }
]`;

/** Temperature and the like as fields; tools, the response format and all else as JSON. */
export function Parameters({ draft, faults, onChange, onRun }: Props) {
  const error = (name: string) => faults[name]?.message;
  return (
    <div>
      <div className={styles["parameters"]}>
        <TextInput label="Temperature" inputMode="decimal" placeholder="default" value={draft.temperature} error={error("temperature")} onChange={(event) => onChange({ temperature: event.currentTarget.value })} />
        <TextInput label="Max tokens" inputMode="numeric" placeholder="default" value={draft.maxTokens} error={error("maxTokens")} onChange={(event) => onChange({ maxTokens: event.currentTarget.value })} />
        <TextInput label="Top P" inputMode="decimal" placeholder="default" value={draft.topP} error={error("topP")} onChange={(event) => onChange({ topP: event.currentTarget.value })} />
      </div>
      <Section title="Tools" value={draft.tools} start={draft.dialect === "anthropic" ? ANTHROPIC_TOOL : TOOL} fault={faults["tools"]} onChange={(tools) => onChange({ tools })} onRun={onRun} />
      {draft.dialect === "openai" && (
        <Section title="Response format" value={draft.format} start={'{"type": "json_object"}'} fault={faults["format"]} onChange={(format) => onChange({ format })} onRun={onRun} />
      )}
      <Section title="Other parameters" value={draft.more} start={draft.dialect === "anthropic" ? '{\n  "stop_sequences": []\n}' : '{\n  "seed": 1\n}'} fault={faults["more"]} onChange={(more) => onChange({ more })} onRun={onRun} />
    </div>
  );
}

interface SectionProps {
  title: string;
  value: string;
  /** What stands in the field when it is added. */
  start: string;
  fault: Faults[string] | undefined;
  onChange: (text: string) => void;
  onRun: (() => void) | undefined;
}

function Section({ title, value, start, fault, onChange, onRun }: SectionProps) {
  const [open, setOpen] = useState(false);
  if (!value && !open) {
    return (
      <Button
        variant="default"
        size="compact-sm"
        mt="md"
        mr="sm"
        leftSection={<Icon name="plus" size={13} />}
        onClick={() => {
          setOpen(true);
          onChange(start);
        }}
      >
        {title}
      </Button>
    );
  }
  return (
    <section className={styles["section"]}>
      <header>
        {title} <span className="dim">as JSON</span>
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          ml="auto"
          onClick={() => {
            setOpen(false);
            onChange("");
          }}
        >
          Remove
        </Button>
      </header>
      <JsonField label={title} value={value} onChange={onChange} fault={fault} onRun={onRun} />
    </section>
  );
}
