import { Button, Textarea, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { Icon } from "@/components/Icon";
import { visible } from "../visible";
import styles from "./Said.module.css";

interface Props {
  title: string;
  label: string;
  texts: string[];
  save: (text: string) => Promise<unknown>;
  remove?: () => Promise<unknown>;
}

/** Texts that were said, and a field for one more. Ctrl-Enter saves. */
export function Notes({ title, label, texts, save, remove }: Props) {
  const [text, setText] = useState<string | null>(null);
  const send = () => {
    if (text?.trim()) void save(text.trim()).then(() => setText(null), () => undefined);
  };
  return (
    <div className={styles["notes"]}>
      {texts.map((each, index) => (
        <blockquote key={index} aria-label={title} dir="auto">
          {visible(each)}
          {remove && (
            <UnstyledButton className={styles["remove"]} aria-label={`Take back the ${title.toLowerCase()}`} onClick={() => void remove().catch(() => undefined)}>
              ×
            </UnstyledButton>
          )}
        </blockquote>
      ))}
      {text === null ? (
        <UnstyledButton className={styles["add"]} onClick={() => setText("")}>
          <Icon name="plus" size={12} /> {label}
        </UnstyledButton>
      ) : (
        <>
          <Textarea
            autoFocus
            autosize
            minRows={2}
            maxRows={10}
            aria-label={label}
            placeholder={label}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
              if (event.key === "Escape") {
                setText(null);
                event.stopPropagation();
              }
            }}
          />
          <div className={styles["buttons"]}>
            <Button variant="subtle" color="gray" onClick={() => setText(null)}>
              Cancel
            </Button>
            <Button onClick={send} disabled={!text.trim()}>
              Save
            </Button>
          </div>
        </>
      )}
    </div>
  );
}
