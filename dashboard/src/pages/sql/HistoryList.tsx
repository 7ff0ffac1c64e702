import { UnstyledButton } from "@mantine/core";
import { Empty } from "@/components/States";
import { count, duration } from "@/format/numbers";
import { ago } from "@/format/times";
import type { Past } from "./memory";
import styles from "./SidePane.module.css";

/** What was run in this browser, the last one first. */
export function HistoryList({ history, onText, onForget }: { history: Past[]; onText: (sql: string) => void; onForget: () => void }) {
  if (!history.length) return <Empty title="Nothing was run yet">Queries that you run are kept here, in this browser only.</Empty>;
  return (
    <>
      <ul className={styles["history"]}>
        {history.map((past) => (
          <li key={past.sql}>
            <UnstyledButton className={styles["past"]} onClick={() => onText(past.sql)} title={past.sql}>
              <code>{past.sql.replace(/\s+/g, " ").slice(0, 160)}</code>
              <span>
                {ago(new Date(past.at))} · {past.rows === null ? "failed" : `${count(past.rows)} rows, ${duration(past.ms)}`}
              </span>
            </UnstyledButton>
          </li>
        ))}
      </ul>
      <UnstyledButton className={styles["forget"]} onClick={onForget}>
        Forget all of them
      </UnstyledButton>
    </>
  );
}
