import { UnstyledButton } from "@mantine/core";
import { createContext, useState, type ReactNode } from "react";
import styles from "./Page.module.css";

/** The bar of a page: its title, a few words beside it, and its controls on the right. */
export function PageTop({ title, beside, children }: { title: ReactNode; beside?: ReactNode; children?: ReactNode }) {
  return (
    <header className={styles["top"]}>
      <h1>{title}</h1>
      {beside && <div className={styles["beside"]}>{beside}</div>}
      <div className={styles["controls"]}>
        {children}
        <UnstyledButton className={styles["search"]} onClick={() => dispatchEvent(new Event("perihelion:palette"))}>
          Search <kbd>Ctrl K</kbd>
        </UnstyledButton>
      </div>
    </header>
  );
}

/** What stands below the bar, in a column with even gaps. */
export function PageBody({ children }: { children: ReactNode }) {
  return <div className={styles["body"]}>{children}</div>;
}

/** Where the charts of a panel put their legend: beside its title. */
export const LegendSlot = createContext<HTMLElement | null>(null);

/** A framed part of a page. */
export function Panel(props: {
  title?: ReactNode;
  sub?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
  className?: string | undefined;
}) {
  const { title, sub, actions, children, flush, className } = props;
  const [slot, setSlot] = useState<HTMLElement | null>(null);
  return (
    <section className={`${styles["panel"]} ${className ?? ""}`}>
      {(title || actions) && (
        <header>
          {title && <h2>{title}</h2>}
          {sub && <span className={styles["sub"]}>{sub}</span>}
          <div ref={setSlot} className={styles["legend"]} />
          {actions && <div className={styles["actions"]}>{actions}</div>}
        </header>
      )}
      <LegendSlot value={slot}>
        <div className={flush ? undefined : styles["inside"]}>{children}</div>
      </LegendSlot>
    </section>
  );
}

/** Parts beside each other; on a narrow screen below each other. `columns` as in CSS. */
export function Grid({ columns, children }: { columns: string; children: ReactNode }) {
  return (
    <div className={styles["grid"]} style={{ "--columns": columns } as React.CSSProperties}>
      {children}
    </div>
  );
}
