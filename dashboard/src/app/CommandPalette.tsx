import { Modal, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useId, useRef, useState } from "react";
import { Icon } from "@/components/Icon";
import { useCommands, type Command } from "./commands";
import styles from "./CommandPalette.module.css";

/** Ctrl-K: pages by name, an id, a value of the log, or a filter for the requests. */
export function CommandPalette() {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [settled] = useDebouncedValue(text, 120);
  const commands = useCommands(settled, open);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setOpen((before) => !before);
      }
    };
    const show = () => setOpen(true);
    addEventListener("keydown", press);
    addEventListener("perihelion:palette", show);
    return () => {
      removeEventListener("keydown", press);
      removeEventListener("perihelion:palette", show);
    };
  }, []);
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at]);
  const chosen = Math.min(at, commands.length - 1);
  const close = () => {
    setOpen(false);
    setText("");
    setAt(0);
  };
  const run = (command: Command | undefined) => {
    if (!command) return;
    close();
    command.run();
  };
  return (
    <Modal opened={open} onClose={close} withCloseButton={false} padding={0} size="lg" yOffset="12vh" centered={false} attributes={{ content: { "aria-label": "Command palette" } }}>
      <TextInput
        data-autofocus
        size="md"
        variant="unstyled"
        className={styles["input"] ?? ""}
        placeholder="A page, an id, a user, or a filter such as status>=500"
        aria-label="Command"
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={`${id}-${chosen}`}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt((chosen + 1) % commands.length);
          else if (event.key === "ArrowUp") setAt((chosen + commands.length - 1) % commands.length);
          else if (event.key === "Enter") run(commands[chosen]);
          else return;
          event.preventDefault();
        }}
      />
      <div ref={list} id={`${id}-list`} className={styles["list"]} role="listbox" aria-label="Commands">
        {commands.map((command, index) => (
          <div key={`${command.part} ${command.label} ${command.hint}`} role="presentation">
            {command.part !== commands[index - 1]?.part && (
              <div className={styles["part"]} role="presentation">
                {command.part}
              </div>
            )}
            <UnstyledButton
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              className={styles["row"]}
              onMouseMove={() => setAt(index)}
              onClick={() => run(command)}
            >
              <Icon name={command.icon} />
              <span className={styles["label"]}>{command.label}</span>
              {command.keys ? <kbd>{command.keys}</kbd> : <small>{command.hint}</small>}
            </UnstyledButton>
          </div>
        ))}
        {commands.length === 0 && <p className={styles["none"]}>Nothing fits. Two letters or more search users, sessions, models and prompts.</p>}
      </div>
    </Modal>
  );
}
