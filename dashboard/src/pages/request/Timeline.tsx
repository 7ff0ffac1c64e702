import type { Event } from "@/api/requests";
import { Panel } from "@/components/Page";
import { duration } from "@/format/numbers";
import styles from "./Timeline.module.css";
import { timelineOf } from "./timelineOf";

/** Where the time of a call went: a bar for each stretch, attempts and backoffs included. */
export function Timeline({ call }: { call: Event }) {
  const { stretches, wholeMs } = timelineOf(call);
  const attempts = call.attempts.length;
  if (!stretches.length) return null;
  return (
    <Panel title="Timeline" sub={attempts > 1 ? `${attempts} attempts; times from the start of the request` : "times from the start of the request"}>
      <div className={styles["rows"]}>
        {stretches.map((each, index) => (
          <div key={index} className={styles["row"]}>
            <span className={styles["label"]}>
              {each.label} {each.note && <span className="dim">{each.note}</span>}
            </span>
            <span className={styles["track"]}>
              <i style={{ left: `${(each.fromMs / wholeMs) * 100}%`, width: `${Math.max(0.4, ((each.toMs - each.fromMs) / wholeMs) * 100)}%`, background: `var(${each.color})` }} />
            </span>
            <span className="num">{duration(each.toMs - each.fromMs)}</span>
          </div>
        ))}
      </div>
    </Panel>
  );
}
