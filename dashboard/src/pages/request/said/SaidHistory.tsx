import type { History } from "@/api/annotations";
import { Time } from "@/components/Bits";
import { count } from "@/format/numbers";
import { visible } from "../visible";
import styles from "./Said.module.css";

/** Who said what, and when; the newest first. */
export function SaidHistory({ history }: { history: History }) {
  if (!history.data.length) return null;
  return (
    <details className={styles["history"]}>
      <summary>
        {count(history.data.length)} {history.data.length === 1 ? "entry" : "entries"} in the history
      </summary>
      <ul>
        {history.data.toReversed().map((each) => (
          <li key={each.id}>
            <span>
              {each.kind === "feedback" ? "rating" : each.kind} {each.name && <b>{visible(each.name)}</b>} {each.value === null ? "taken back" : visible(String(each.value)).slice(0, 200)}
            </span>
            <span className="dim">
              {each.by ? visible(each.by) : "a program"}, <Time at={each.at} relative />
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
