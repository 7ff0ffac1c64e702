import { Modal } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { NAV } from "./nav";
import styles from "./Shortcuts.module.css";

const KEYS: [keys: string[], what: string][] = [
  [["/"], "Go to the filter"],
  [["Ctrl K"], "Command palette: pages, filters, ids"],
  [["j", "k"], "Next and previous row or request"],
  [["o", "Enter"], "Open the row"],
  [["←", "→"], "Choose a value of the row"],
  [["f", "x", "c"], "Filter by the chosen value, exclude it, copy it"],
  [["Esc"], "Close what is open"],
  [["?"], "This list"],
];

/** Whether a key press belongs to a field that is being typed in. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  return !!target?.closest("input, textarea, select, [contenteditable=true], .cm-editor");
}

/** The keys that work on every page, and the list of all. */
export function Shortcuts() {
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const going = useRef(0);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      if (Date.now() - going.current < 1000) {
        going.current = 0;
        const item = NAV.flatMap((group) => group.items).find((each) => each.key === event.key);
        if (item) {
          event.preventDefault();
          void navigate({ to: item.to });
        }
        return;
      }
      if (event.key === "g") going.current = Date.now();
      if (event.key === "?") setOpen(true);
      if (event.key === "/") {
        const field = document.querySelector<HTMLInputElement>("[data-filter-input]");
        if (field) {
          event.preventDefault();
          field.focus();
        }
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [navigate]);
  return (
    <Modal opened={open} onClose={() => setOpen(false)} title="Keys" size="md">
      <dl className={styles["keys"]}>
        {KEYS.map(([keys, what]) => (
          <Row key={what} keys={keys} what={what} />
        ))}
      </dl>
      <h3 className={styles["heading"]}>Go to a page</h3>
      <dl className={styles["pages"]}>
        {NAV.flatMap((group) => group.items).map((item) => (
          <Row key={item.to} keys={["g", item.key]} what={item.label} />
        ))}
      </dl>
    </Modal>
  );
}

function Row({ keys, what }: { keys: string[]; what: string }) {
  return (
    <div>
      <dt>
        {keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{what}</dd>
    </div>
  );
}
