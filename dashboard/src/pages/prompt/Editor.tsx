import { NativeSelect, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { convert, type Dialect } from "@/chat/convert";
import { bodyOf, draftOf } from "@/chat/draft";
import { MessageList } from "@/chat/MessageList";
import { Parameters } from "@/chat/Parameters";
import { Preview } from "@/chat/Preview";
import type { Filled } from "@/chat/useFilled";
import type { Typed } from "@/chat/variables";
import { VariablesForm } from "@/chat/VariablesForm";
import { Panel } from "@/components/Page";
import styles from "./Editor.module.css";
import type { PromptDraft } from "./usePromptDraft";

interface Props {
  editing: PromptDraft;
  filled: Filled;
  typed: Typed;
  onTyped: (typed: Typed) => void;
  readOnly: boolean;
  above?: ReactNode;
}

/** The messages of a prompt with model and parameters; beside them its variables, and what would be sent. */
export function Editor({ editing, filled, typed, onTyped, readOnly, above }: Props) {
  const { draft, faults, change } = editing;
  const setDialect = (dialect: Dialect) => {
    const { model, ...next } = draftOf(convert(bodyOf(draft).body, draft.dialect, dialect), dialect);
    change({ ...next, model: model || draft.model });
  };
  return (
    <fieldset disabled={readOnly} className={styles["columns"]}>
      <legend className={styles["legend"]}>Prompt</legend>
      <div className={styles["column"]}>
        {above}
        <Panel title="Messages" sub="{{name}} is a variable" flush>
          <div className={styles["messages"]}>
            <MessageList draft={draft} faults={faults} onChange={(messages) => change({ messages })} />
          </div>
        </Panel>
        <Panel title="Model and parameters" sub="a call may set its own; they win">
          <div className={styles["model"]}>
            <TextInput label="Model" placeholder="the call's own" value={draft.model} onChange={(event) => change({ model: event.currentTarget.value })} />
            <NativeSelect
              label="Format"
              data={[
                { value: "openai", label: "OpenAI and compatible" },
                { value: "anthropic", label: "Anthropic" },
              ]}
              value={draft.dialect}
              onChange={(event) => setDialect(event.currentTarget.value as Dialect)}
            />
          </div>
          <Parameters draft={draft} faults={faults} onChange={change} />
        </Panel>
      </div>
      <div className={styles["column"]}>
        <Panel title="Variables" sub={filled.variables.length ? "a value to try, type and default" : ""}>
          {filled.variables.length ? (
            <VariablesForm variables={filled.variables} typed={typed} onTyped={onTyped} missing={filled.missing} declared={editing.variables} onDeclared={editing.setVariables} />
          ) : (
            <p className={styles["note"]}>
              None yet. Write <span className="mono">{"{{name}}"}</span> in a message, and callers fill it in.
            </p>
          )}
        </Panel>
        <Panel title="Preview" sub="as the gateway would send it">
          {filled.problem ? (
            <p className={styles["problem"]} role="alert">
              {filled.problem}
            </p>
          ) : (
            filled.missing.length > 0 && (
              <p className={styles["note"]}>
                Without a value for {filled.missing.join(", ")} a call is refused with 400.
              </p>
            )
          )}
          {filled.body && <Preview body={filled.body} />}
        </Panel>
      </div>
    </fieldset>
  );
}
