import { Button, TextInput, UnstyledButton } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useSay } from "@/api/annotations";
import type { Event } from "@/api/requests";
import { Panel } from "@/components/Page";
import { List, value } from "../Facts";
import { visible } from "../visible";
import styles from "./Said.module.css";

/** The call's properties, sent with it or set afterwards; the place to set and remove them. */
export function Properties({ call }: { call: Event }) {
  const [editing, setEditing] = useState(false);
  const say = useSay(call.id);
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const properties = Object.entries(call.properties);
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (!name.trim() || !text.trim()) return;
    say.mutate(
      { kind: "properties", properties: { [name.trim()]: text.trim() } },
      {
        onSuccess: () => {
          setName("");
          setText("");
        },
      },
    );
  };
  return (
    <Panel
      title="Properties"
      actions={
        <UnstyledButton className={styles["add"]} aria-expanded={editing} onClick={() => setEditing((before) => !before)}>
          {editing ? "Done" : "Edit"}
        </UnstyledButton>
      }
    >
      {!properties.length && !editing && <p className={styles["none"]}>None. Send Helicone-Property-Name, or set one here.</p>}
      <List
        rows={properties.map(([key, shown]) => [
          visible(call.property_names[key] ?? key),
          <span key={key} className={styles["value"]}>
            {value(`property.${key}`, shown)}
            {editing && (
              <UnstyledButton className={styles["remove"]} aria-label={`Remove ${key}`} onClick={() => say.mutate({ kind: "properties", properties: { [key]: null } })}>
                ×
              </UnstyledButton>
            )}
          </span>,
        ])}
      />
      {editing && (
        <form className={styles["form"]} onSubmit={save}>
          <TextInput aria-label="Name of the property" placeholder="team" value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <TextInput aria-label="Value" placeholder="blue" value={text} onChange={(event) => setText(event.currentTarget.value)} />
          <Button type="submit" disabled={!name.trim() || !text.trim()} loading={say.isPending}>
            Set
          </Button>
        </form>
      )}
      {say.error ? (
        <p className={styles["fault"]} role="alert">
          {say.error.message}
        </p>
      ) : null}
    </Panel>
  );
}
