import { Modal, TextInput, UnstyledButton } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { Icon, type IconName } from "@/components/Icon";
import { useScope } from "@/state/search";
import { NAV } from "./nav";
import styles from "./CommandPalette.module.css";

interface Command {
  label: string;
  hint: string;
  icon: IconName;
  run: () => void;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Ctrl-K: pages by name, an id, or a filter for the requests. */
export function CommandPalette() {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const [scope] = useScope();
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
  const commands = useMemo(() => {
    const typed = text.trim();
    const found: Command[] = [];
    if (UUID.test(typed)) {
      found.push({ label: `Open request ${typed}`, hint: "id", icon: "right", run: () => void navigate({ to: "/requests/$id" as string, params: { id: typed } as never }) });
    }
    for (const item of NAV.flatMap((group) => group.items)) {
      if (item.label.toLowerCase().includes(typed.toLowerCase())) {
        found.push({ label: item.label, hint: `g ${item.key}`, icon: item.icon, run: () => void navigate({ to: item.to }) });
      }
    }
    if (typed) {
      const search = { q: typed, since: scope.since } as never;
      found.push({ label: `Requests where ${typed}`, hint: "filter", icon: "search", run: () => void navigate({ to: "/requests" as string, search }) });
    }
    return found;
  }, [text, navigate, scope.since]);
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
    <Modal opened={open} onClose={close} withCloseButton={false} padding={0} size="lg" yOffset="12vh" centered={false} aria-label="Command palette">
      <TextInput
        data-autofocus
        size="md"
        variant="unstyled"
        className={styles["input"] ?? ""}
        placeholder="A page, an id, or a filter such as status>=500 user:ada"
        aria-label="Command"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt((before) => Math.min(before + 1, commands.length - 1));
          else if (event.key === "ArrowUp") setAt((before) => Math.max(before - 1, 0));
          else if (event.key === "Enter") run(commands[at]);
          else return;
          event.preventDefault();
        }}
      />
      <div className={styles["list"]} role="listbox" aria-label="Commands">
        {commands.map((command, index) => (
          <UnstyledButton
            key={command.label}
            role="option"
            aria-selected={index === at}
            className={styles["row"]}
            onMouseMove={() => setAt(index)}
            onClick={() => run(command)}
          >
            <Icon name={command.icon} />
            <span>{command.label}</span>
            <kbd>{command.hint}</kbd>
          </UnstyledButton>
        ))}
      </div>
    </Modal>
  );
}
