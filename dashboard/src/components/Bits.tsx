import { CopyButton as MantineCopy, Tooltip, UnstyledButton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ago, bothTimes, shortTime, type Zone } from "@/format/times";
import { addCondition, useScope, writeScope } from "@/state/search";
import { Icon } from "./Icon";
import { Sparkline } from "./Sparkline";
import styles from "./Bits.module.css";

/** A status code, coloured by its class. 499 and 429 warn, 5xx and 0 are faults. */
export function Status({ code, outcome }: { code: number; outcome?: string }) {
  const kind = code === 429 || code === 499 ? "warn" : code >= 400 || code === 0 || (outcome && outcome !== "success") ? "bad" : "ok";
  return <span className={`${styles["status"]} ${styles[kind]}`}>{code || "–"}</span>;
}

/** A short word on a grey ground. */
export function Tag({ children, tone }: { children: ReactNode; tone?: "ok" | "warn" | "bad" }) {
  return <span className={`${styles["tag"]} ${tone ? styles[tone] : ""}`}>{children}</span>;
}

/** A time; its tooltip has both zones. */
export function Time({ at, relative }: { at: string | Date; relative?: boolean }) {
  const [scope] = useScope();
  const date = typeof at === "string" ? new Date(at) : at;
  return (
    <Tooltip label={<span style={{ whiteSpace: "pre" }}>{bothTimes(date)}</span>}>
      <time dateTime={date.toISOString()} className="num">
        {relative ? ago(date) : shortTime(date, scope.zone as Zone)}
      </time>
    </Tooltip>
  );
}

/** A value that filters by itself: a click adds the condition, with Alt or Shift excludes it. `to` opens another page so. */
export function FilterLink({ column, value, to, children }: { column: string; value: string | number | boolean; to?: string; children?: ReactNode }) {
  const [scope, setScope] = useScope();
  const shown = children ?? String(value);
  const title = `Filter by ${column} ${String(value)}; with Alt: exclude`;
  const next = (exclude: boolean) => addCondition(scope.q, column, value, exclude);
  if (to) {
    return (
      <Link to={to} search={writeScope({ ...scope, q: next(false) }) as never} className={styles["filter"]!} title={title}>
        {shown}
      </Link>
    );
  }
  return (
    <UnstyledButton
      className={styles["filter"]}
      title={title}
      onClick={(event) => {
        event.stopPropagation();
        setScope({ q: next(event.altKey || event.shiftKey) });
      }}
    >
      {shown}
    </UnstyledButton>
  );
}

/** Copies a text; says so for a moment. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  return (
    <MantineCopy value={text} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : label}>
          <UnstyledButton className={styles["copy"]} onClick={copy} aria-label={label}>
            <Icon name={copied ? "check" : "copy"} size={14} />
          </UnstyledButton>
        </Tooltip>
      )}
    </MantineCopy>
  );
}

/** One figure with its change against the period before. `goodWhen` says which direction is good; without it neither is. */
export function Figure(props: { label: string; value: ReactNode; change?: string; goodWhen?: "up" | "down"; sub?: ReactNode; trend?: (number | null)[]; to?: string; search?: Record<string, unknown> }) {
  const { label, value, change, goodWhen, sub, trend, to, search } = props;
  const rises = change?.startsWith("+");
  const falls = change?.startsWith("−");
  const tone = !goodWhen || !(rises || falls) ? "" : (goodWhen === "up") === !!rises ? styles["good"] : styles["worse"];
  const inside = (
    <>
      <span className={styles["label"]}>{label}</span>
      <strong>{value}</strong>
      <span className={styles["below"]}>
        {change && <span className={tone}>{change}</span>}
        {sub && <span className={styles["sub"]}>{sub}</span>}
      </span>
      {trend && <Sparkline values={trend} />}
    </>
  );
  return to ? (
    <Link to={to} search={writeScope(search ?? {}) as never} className={styles["figure"]!}>
      {inside}
    </Link>
  ) : (
    <div className={styles["figure"]}>{inside}</div>
  );
}

/** Figures beside each other in one frame. */
export function Figures({ children }: { children: ReactNode }) {
  return <div className={styles["figures"]}>{children}</div>;
}
