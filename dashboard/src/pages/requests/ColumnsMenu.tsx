import { ActionIcon, Button, Popover, TextInput } from "@mantine/core";
import { useState } from "react";
import { useValues } from "@/api/suggestions";
import { Icon } from "@/components/Icon";
import { useScope } from "@/state/search";
import { readColumns, writeColumns } from "./chosenColumns";
import { LIST_COLUMNS, listColumn } from "./columns";
import styles from "./Menus.module.css";

/** Which columns the list shows, and in what order. */
export function ColumnsMenu() {
  return (
    <Popover position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Button className={styles["wide"] ?? ""} leftSection={<Icon name="columns" size={14} />}>Columns</Button>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        <Choice />
      </Popover.Dropdown>
    </Popover>
  );
}

function Choice() {
  const [scope, setScope] = useScope();
  const [typed, setTyped] = useState("");
  const [dragged, setDragged] = useState<string | null>(null);
  const chosen = readColumns(scope["columns"]).columns.map((column) => column.id);
  const set = (ids: string[]) => setScope({ columns: writeColumns(ids) }, true);
  const move = (id: string, to: number) => {
    const rest = chosen.filter((each) => each !== id);
    rest.splice(Math.max(0, to), 0, id);
    set(rest);
  };
  return (
    <div className={styles["menu"]}>
      <section className={styles["group"]}>
        <h3>Shown, in this order</h3>
        {chosen.map((id, at) => (
          <div
            key={id}
            className={styles["row"]}
            draggable
            data-dragged={dragged === id || undefined}
            onDragStart={() => setDragged(id)}
            onDragEnd={() => setDragged(null)}
            onDragOver={(event) => {
              event.preventDefault();
              if (dragged && dragged !== id) move(dragged, at);
            }}
          >
            <span className={styles["grip"]} aria-hidden="true">
              ⠿
            </span>
            <span className={styles["label"]}>{listColumn(id)?.label}</span>
            <ActionIcon size="sm" disabled={at === 0} aria-label={`Move ${listColumn(id)?.label} to the left`} onClick={() => move(id, at - 1)}>
              ↑
            </ActionIcon>
            <ActionIcon size="sm" disabled={at === chosen.length - 1} aria-label={`Move ${listColumn(id)?.label} to the right`} onClick={() => move(id, at + 1)}>
              ↓
            </ActionIcon>
            <ActionIcon size="sm" disabled={chosen.length === 1} aria-label={`Hide ${listColumn(id)?.label}`} onClick={() => set(chosen.filter((each) => each !== id))}>
              <Icon name="close" size={12} />
            </ActionIcon>
          </div>
        ))}
      </section>
      <TextInput aria-label="Find a column" placeholder="Find a column" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      <div className={styles["scroll"]}>
        <Others chosen={chosen} typed={typed} onAdd={(id) => set([...chosen, id])} />
      </div>
      <div className={styles["foot"]}>
        <Button disabled={!scope["columns"]} onClick={() => setScope({ columns: "" }, true)}>
          The usual columns
        </Button>
      </div>
    </div>
  );
}

function Others({ chosen, typed, onAdd }: { chosen: string[]; typed: string; onAdd: (id: string) => void }) {
  const properties = useValues("property", "").data ?? [];
  const scores = useValues("score", "").data ?? [];
  const own = [...properties.map(({ value }) => `property.${value.toLowerCase()}`), ...scores.map(({ value }) => `score.${value.toLowerCase()}`)].flatMap((id) => listColumn(id) ?? []);
  const fit = [...own, ...LIST_COLUMNS].filter((column) => !chosen.includes(column.id) && `${column.label} ${column.id}`.toLowerCase().includes(typed.trim().toLowerCase()));
  const groups = [...new Set(fit.map((column) => column.group))];
  if (!fit.length) return <p className={styles["none"]}>No column is called so.</p>;
  return groups.map((group) => (
    <section key={group} className={styles["group"]}>
      <h3>{group}</h3>
      {fit
        .filter((column) => column.group === group)
        .map((column) => (
          <button key={column.id} type="button" className={styles["row"]} onClick={() => onAdd(column.id)}>
            <Icon name="plus" size={12} />
            <span className={styles["label"]}>{column.label}</span>
            <small>{column.id.startsWith("property.") ? "property" : column.id.startsWith("score.") ? "score" : ""}</small>
          </button>
        ))}
    </section>
  ));
}
