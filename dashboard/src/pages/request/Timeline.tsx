import { Tooltip } from "@mantine/core";
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
    <Panel title="Timeline" sub={`${attempts > 1 ? `${attempts} attempts; ` : ""}from the start of the request to its end, ${duration(call.latency_ms)}`}>
      <div className={styles["rows"]}>
        {stretches.map((each, index) => (
          <Tooltip key={index} label={`from ${duration(each.fromMs)} to ${duration(each.toMs)}`} position="top">
            <div className={styles["row"]}>
              <span className={styles["label"]} title={`${each.label} ${each.note}`}>
                {each.label} {each.note && <span className="dim">{each.note}</span>}
              </span>
              <span className={styles["track"]}>
                <i style={{ left: `${Math.min(99.6, (each.fromMs / wholeMs) * 100)}%`, width: `${Math.max(0.4, ((each.toMs - each.fromMs) / wholeMs) * 100)}%`, background: `var(${each.color})` }} />
              </span>
              <span className="num">{duration(each.toMs - each.fromMs)}</span>
            </div>
          </Tooltip>
        ))}
      </div>
    </Panel>
  );
}
