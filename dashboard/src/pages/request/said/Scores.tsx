import { Button, TextInput, UnstyledButton } from "@mantine/core";
import { useState, type FormEvent } from "react";
import type { ScoreValue } from "@/api/annotations";
import { FilterLink } from "@/components/Bits";
import { Icon } from "@/components/Icon";
import { visible } from "../visible";
import { readScore } from "./readScore";
import type { Say } from "./Said";
import styles from "./Said.module.css";

/** Scores by name. A value is a number, yes or no, or a word. */
export function Scores({ scores, say }: { scores: Record<string, ScoreValue>; say: Say }) {
  const [adding, setAdding] = useState(false);
  return (
    <>
      {Object.entries(scores).map(([name, value]) => (
        <div key={name} className={styles["row"]}>
          <span className={styles["name"]}>{visible(name)}</span>
          <span className={styles["value"]}>
            <FilterLink column={`score.${name}`} value={value as string | number | boolean} to="/requests">
              {value === true ? "yes" : value === false ? "no" : visible(String(value))}
            </FilterLink>
            <UnstyledButton className={styles["remove"]} aria-label={`Take back ${name}`} onClick={() => void say({ kind: "scores", scores: { [name]: null } }).catch(() => undefined)}>
              ×
            </UnstyledButton>
          </span>
        </div>
      ))}
      {adding ? (
        <ScoreForm say={say} onDone={() => setAdding(false)} />
      ) : (
        <UnstyledButton className={styles["add"]} onClick={() => setAdding(true)}>
          <Icon name="plus" size={12} /> Add a score
        </UnstyledButton>
      )}
    </>
  );
}

function ScoreForm({ say, onDone }: { say: Say; onDone: () => void }) {
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (!name.trim() || !text.trim()) return;
    void say({ kind: "scores", scores: { [name.trim()]: readScore(text) } }).then(onDone, () => undefined);
  };
  return (
    <form className={styles["form"]} onSubmit={save} onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), onDone())}>
      <TextInput autoFocus aria-label="Name of the score" placeholder="helpful" value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput aria-label="Value" placeholder="0.8, yes, a word" value={text} onChange={(event) => setText(event.currentTarget.value)} />
      <Button type="submit" disabled={!name.trim() || !text.trim()}>
        Save
      </Button>
    </form>
  );
}
