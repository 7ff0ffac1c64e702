import { CopyButton as MantineCopy, Tooltip, UnstyledButton } from "@mantine/core";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ago, bothTimes, shortTime, type Zone } from "@/format/times";
import { addCondition, readScope, useScope, writeScope } from "@/state/search";
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

/** A time; its tooltip has both zones. Light: a list draws hundreds. */
export function Time({ at, relative }: { at: string | Date; relative?: boolean }) {
  const zone = useSearch({ strict: false, select: zoneOf }) as Zone;
  const date = typeof at === "string" ? new Date(at) : at;
  return (
    <time dateTime={date.toISOString()} className="num" onPointerEnter={(event) => (event.currentTarget.title = bothTimes(date))}>
      {relative ? ago(date) : shortTime(date, zone)}
    </time>
  );
}

function zoneOf(search: Record<string, unknown>): Zone {
  return search["zone"] === "utc" ? "utc" : "local";
}

/** A value that filters by itself: a click adds the condition, with Alt or Shift excludes it. `to` opens another page so. */
export function FilterLink({ column, value, to, children }: { column: string; value: string | number | boolean; to?: string; children?: ReactNode }) {
  const router = useRouter();
  const shown = children ?? String(value);
  const title = `Filter by ${column} ${String(value)}; with Alt: exclude`;
  if (to) return <FilterAnchor to={to} column={column} value={value} title={title} shown={shown} />;
  return (
    <button
      type="button"
      className={styles["filter"]}
      title={title}
      onClick={(event) => {
        event.stopPropagation();
        // Read when it is needed: hundreds of values stand on a page, and none has to be drawn again for another filter.
        const scope = readScope(router.state.location.search as Record<string, unknown>);
        const q = addCondition(scope.q, column, value, event.altKey || event.shiftKey);
        void router.navigate({ to: ".", resetScroll: false, search: writeScope({ ...scope, q }) as never });
      }}
    >
      {shown}
    </button>
  );
}

function FilterAnchor(props: { to: string; column: string; value: string | number | boolean; title: string; shown: ReactNode }) {
  const [scope] = useScope();
  const search = writeScope({ ...scope, q: addCondition(scope.q, props.column, props.value) });
  return (
    <Link to={props.to} search={search as never} className={styles["filter"]!} title={props.title}>
      {props.shown}
    </Link>
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

/** Figures beside each other in one frame: of the same width, or each as wide as it needs. */
export function Figures({ fit, children }: { fit?: boolean; children: ReactNode }) {
  return (
    <div className={styles["figures"]} data-fit={fit || undefined}>
      {children}
    </div>
  );
}
