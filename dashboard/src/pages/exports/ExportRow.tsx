import { Button, Collapse } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { Snippet } from "@/components/Snippet";
import styles from "./Exports.module.css";
import type { ExportKind } from "./exports";

export type Fact = [label: string, value: ReactNode];

interface Props {
  title: string;
  about: string;
  /** Whether `about` is an address or a path. */
  mono?: boolean;
  state: ReactNode;
  tags?: ReactNode;
  facts: Fact[];
  error?: string;
  /** How it is turned on, or used. */
  kind?: ExportKind;
}

/** One export: whether it is on, and its figures or how to turn it on. */
export function ExportRow({ title, about, mono = false, state, tags, facts, error = "", kind }: Props) {
  const [open, setOpen] = useState(false);
  const words = facts.length ? "How to scrape it" : "How to turn it on";
  return (
    <li className={styles["row"]} aria-label={title}>
      <div className={styles["who"]}>
        <div className={styles["title"]}>
          <strong>{title}</strong> {state} {tags}
        </div>
        <span className={mono ? "mono dim" : "dim"}>{about}</span>
      </div>
      {facts.length > 0 && (
        <dl className={styles["facts"]}>
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {!facts.length && kind && (
        <span className={styles["how"]}>
          Set <code>{kind.setting}</code> to turn it on.
        </span>
      )}
      {kind ? (
        <Button onClick={() => setOpen(!open)} aria-expanded={open} aria-label={`${words}: ${title}`}>
          {words}
        </Button>
      ) : (
        <span />
      )}
      {error && <pre className={styles["error"]}>{error}</pre>}
      {kind && (
        <Collapse expanded={open} className={styles["more"]!}>
          <Snippet text={kind.snippet} what={`How to set up ${title}`} copyLabel="Copy" />
          {kind.more && <p>{kind.more}</p>}
        </Collapse>
      )}
    </li>
  );
}
