import type { ReactNode } from "react";
import { Time } from "@/components/Bits";
import { ABSENT, duration, many, money, percent } from "@/format/numbers";
import type { Figures } from "./columns";
import styles from "./CompactGroup.module.css";

/** A group on a narrow screen: its name and cost, below them its calls, errors, P95 latency and last call. */
export function CompactGroup({ name, row }: { name: ReactNode; row: Figures }) {
  const calls = many(row.calls, "call");
  return (
    <div className={styles["compact"]}>
      <b>{name}</b>
      <span className={styles["value"]}>{row.cost === undefined ? calls : row.cost == null && !row.unknown_cost_calls ? ABSENT : money(row.cost)}</span>
      <span className={styles["below"]}>
        {row.cost === undefined ? many(row.users as number, "user") : calls}
        {row.errors ? <span className={styles["bad"]}>{`${percent(row.error_rate)} failed`}</span> : null}
        {row.latency_p95 != null && <span>{`P95 ${duration(row.latency_p95)}`}</span>}
      </span>
      <span className={styles["below"]}>
        <Time at={row.last_seen} relative />
      </span>
    </div>
  );
}
