import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { declare, type Typed, type Variable } from "./variables";
import type { Json } from "./json";
import styles from "./VariablesForm.module.css";

interface Props {
  variables: Variable[];
  typed: Typed;
  onTyped: (typed: Typed) => void;
  missing: string[];
  /** Declarations, where they can be edited. */
  declared?: Json[];
  onDeclared?: (declared: Json[]) => void;
}

/** A field for each variable of the template: the value to try it with and, in a prompt, its type and default. */
export function VariablesForm({ variables, typed, onTyped, missing, declared = [], onDeclared }: Props) {
  return (
    <div className={styles["list"]}>
      {variables.map((variable) => {
        const fallback = variable.default === undefined ? "" : String(variable.default);
        return (
          <div key={variable.name} className={styles["variable"]}>
            <Textarea
              label={<span className="mono">{variable.name}</span>}
              aria-label={`Value of ${variable.name}`}
              autosize
              minRows={1}
              maxRows={8}
              value={typed[variable.name] ?? ""}
              placeholder={fallback ? `default: ${fallback}` : "a value to try"}
              onChange={(event) => onTyped({ ...typed, [variable.name]: event.currentTarget.value })}
            />
            {onDeclared && (
              <div className={styles["declared"]}>
                <NativeSelect
                  aria-label={`Type of ${variable.name}`}
                  data={["string", "number", "boolean"]}
                  value={variable.type}
                  onChange={(event) => onDeclared(declare(declared, variable.name, { type: event.currentTarget.value }))}
                />
                <TextInput
                  aria-label={`Default of ${variable.name}`}
                  placeholder="no default: callers must give it"
                  value={fallback}
                  onChange={(event) => onDeclared(declare(declared, variable.name, { default: event.currentTarget.value }))}
                />
              </div>
            )}
            {!onDeclared && missing.includes(variable.name) && <small className={styles["missing"]}>needed</small>}
          </div>
        );
      })}
    </div>
  );
}
