import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { writeScope } from "@/state/search";
import styles from "./BarList.module.css";

export interface Bar {
  key: string;
  label: ReactNode;
  /** What the bar's length shows. */
  size: number;
  value: ReactNode;
  beside?: ReactNode;
  to?: string;
  search?: Record<string, unknown>;
}

/** Names with a bar and a figure each, the longest first. A row leads to the calls behind it. */
export function BarList({ bars, color = "--c1" }: { bars: Bar[]; color?: string }) {
  const top = Math.max(...bars.map((bar) => bar.size), 0) || 1;
  return (
    <ul className={styles["list"]} data-plain={bars.every((bar) => !bar.beside) || undefined}>
      {bars.map((bar) => {
        const inside = (
          <>
            <span className={styles["label"]}>{bar.label}</span>
            <span className={styles["track"]}>
              <i style={{ width: `${Math.max(bar.size > 0 ? 1 : 0, (bar.size / top) * 100)}%`, background: `var(${color})` }} />
            </span>
            <span className="num">{bar.value}</span>
            {bars.some((each) => each.beside) && <span className={styles["beside"]}>{bar.beside}</span>}
          </>
        );
        return (
          <li key={bar.key}>
            {bar.to ? (
              <Link to={bar.to} search={writeScope(bar.search ?? {}) as never} className={styles["row"]!}>
                {inside}
              </Link>
            ) : (
              <div className={styles["row"]}>{inside}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}
