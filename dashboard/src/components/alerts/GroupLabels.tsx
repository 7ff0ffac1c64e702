import { Link } from "@tanstack/react-router";
import { writeScope } from "@/state/search";
import { explorerSearch, type Rule } from "./rule";
import { dimensionWord } from "./words";
import styles from "./Alerts.module.css";

interface Props {
  rule: Pick<Rule, "filter" | "window">;
  labels: Record<string, string>;
  /** When the window ended; without it: now. */
  endMs?: number;
  /** What stands for a rule without groups; empty: nothing. */
  all?: string;
}

/** A group by its labels. Each opens the explorer with the calls of that value; all of them with those of the group. */
export function GroupLabels({ rule, labels, endMs, all = "all requests" }: Props) {
  const entries = Object.entries(labels);
  if (!entries.length && !all) return null;
  const to = (some: Record<string, string>) => writeScope(explorerSearch(rule, some, endMs)) as never;
  return (
    <span className={styles["labels"]}>
      {entries.length ? (
        entries.map(([name, value]) => (
          <Link key={name} to={"/requests" as string} search={to(labels)} className={styles["label"]!} title={`Requests with ${name} ${value || "not set"}`}>
            <span>{dimensionWord(name)}</span>
            <b>{value || "not set"}</b>
          </Link>
        ))
      ) : (
        <Link to={"/requests" as string} search={to({})} className={styles["label"]!} title="The requests that the value is of">
          <b>{all}</b>
        </Link>
      )}
    </span>
  );
}
