import type { ReactNode } from "react";
import styles from "./TwoLines.module.css";

interface Props {
  /** What the row is, and its main figure. */
  name: ReactNode;
  figure: ReactNode;
  /** What stands below them. */
  about: ReactNode;
  more: ReactNode;
}

/** A row of a table on a narrow screen: two lines, figures on the right. */
export function TwoLines({ name, figure, about, more }: Props) {
  return (
    <div className={styles["lines"]}>
      <span>{name}</span>
      <span>{figure}</span>
      <span>{about}</span>
      <span>{more}</span>
    </div>
  );
}
