import { TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import type { SqlView } from "@/api/sql";
import { Icon } from "@/components/Icon";
import { plainType } from "./cells";
import styles from "./SidePane.module.css";

/** Views and their columns. A click puts the name into the query. */
export function SchemaTree({ views, onInsert }: { views: SqlView[]; onInsert: (name: string) => void }) {
  const [wanted, setWanted] = useState("");
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(["requests"]));
  const text = wanted.trim().toLowerCase();
  const toggle = (name: string) =>
    setOpen((before) => {
      const next = new Set(before);
      if (!next.delete(name)) next.add(name);
      return next;
    });
  const shown = views
    .map((view) => ({ view, columns: text ? view.columns.filter((column) => `${column.name} ${column.help}`.toLowerCase().includes(text)) : view.columns }))
    .filter(({ view, columns }) => !text || columns.length || view.name.includes(text));
  return (
    <>
      <TextInput placeholder="Find a column" aria-label="Find a column" value={wanted} onChange={(event) => setWanted(event.currentTarget.value)} />
      <ul className={styles["tree"]}>
        {shown.map(({ view, columns }) => {
          const isOpen = text ? columns.length > 0 : open.has(view.name);
          return (
            <li key={view.name}>
              <div className={styles["view"]}>
                <UnstyledButton className={styles["toggle"]} onClick={() => toggle(view.name)} aria-expanded={isOpen} aria-label={`Columns of ${view.name}`}>
                  <Icon name={isOpen ? "down" : "right"} size={12} />
                </UnstyledButton>
                <Tooltip label={view.help} position="right" multiline maw={280}>
                  <UnstyledButton className={styles["name"]} onClick={() => onInsert(view.name)}>
                    {view.name}
                  </UnstyledButton>
                </Tooltip>
                <span className={styles["type"]}>{view.columns.length}</span>
              </div>
              {isOpen && (
                <ul>
                  {columns.map((column) => (
                    <li key={column.name}>
                      <Tooltip label={helpOf(column)} position="right" multiline maw={300}>
                        <UnstyledButton className={styles["column"]} onClick={() => onInsert(column.name)}>
                          <span>{column.name}</span>
                          <span className={styles["type"]}>{column.unit || shortType(column.type)}</span>
                        </UnstyledButton>
                      </Tooltip>
                    </li>
                  ))}
                </ul>
              )}
            </li>
          );
        })}
        {!shown.length && <li className={styles["none"]}>No column has that in its name or meaning.</li>}
      </ul>
    </>
  );
}

function helpOf(column: SqlView["columns"][number]): string {
  return `${column.type}${column.unit ? `, ${column.unit}` : ""}${column.help ? `: ${column.help}` : ""}`;
}

function shortType(type: string): string {
  const plain = plainType(type);
  if (/^DateTime/.test(plain)) return "time";
  if (/^(String|Enum|UUID)/.test(plain)) return "text";
  if (/^(U?Int|Float|Decimal)/.test(plain)) return "number";
  return plain.replace(/\(.*/, "").toLowerCase();
}
