import type { ReactNode } from "react";
import styles from "./ItemList.module.css";

/** Things that people made, a row each, inside a panel without margins. */
export function ItemList({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul className={styles["list"]} aria-label={label}>
      {children}
    </ul>
  );
}

interface Props {
  name: string;
  /** What stands beside the name. */
  tags?: ReactNode;
  /** Short facts, each an element of its own. */
  about: ReactNode;
  /** Buttons. */
  end?: ReactNode;
  /** What takes the whole width below. */
  below?: ReactNode;
  off?: boolean;
}

/** A row of an `ItemList`. */
export function Item({ name, tags, about, end, below, off = false }: Props) {
  return (
    <li className={`${styles["item"]} ${off ? styles["off"] : ""}`} aria-label={name}>
      <div className={styles["main"]}>
        <div className={styles["title"]}>
          <strong>{name}</strong>
          {tags}
        </div>
        <div className={styles["about"]}>{about}</div>
      </div>
      {end && <div className={styles["end"]}>{end}</div>}
      {below && <div className={styles["below"]}>{below}</div>}
    </li>
  );
}
