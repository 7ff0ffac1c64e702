import { Link } from "@tanstack/react-router";
import { useCountedCalls } from "@/api/counted";
import { FilterLink, Tag, Time } from "@/components/Bits";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { percent } from "@/format/numbers";
import { amountOf, standingsOf, wordsOf, type Standing } from "@/format/policies";
import styles from "./Limits.module.css";

const MOST = 12;

/** The buckets nearest to their limit, as their newest calls left them. */
export function Nearest() {
  const query = useCountedCalls();
  return (
    <Panel title="Nearest to their limit" sub="as the newest call of each left it" flush>
      <Loaded query={query} skeleton={<RowsSkeleton rows={6} />}>
        {(calls) => {
          const standings = standingsOf(calls, Date.now());
          if (!standings.length) return <Empty title="No limit counted a call in this range">Give a key or the organisation a limit in Settings, or send Helicone-RateLimit-Policy with a call.</Empty>;
          return (
            <>
              <ul className={styles["list"]} aria-label="Nearest to their limit">
                {standings.slice(0, MOST).map((standing) => (
                  <Row key={`${standing.policy.text} ${standing.whose}`} standing={standing} />
                ))}
              </ul>
              <p className={styles["note"]}>
                From the newest {calls.length} calls that a limit counted{standings.length > MOST ? `; ${standings.length - MOST} more are further away` : ""}. The counters themselves are in the gateway's store. What the log knows is what was left after each call; windows roll, so more is free by now. Of a call with several limits it names the tightest.
              </p>
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function Row({ standing }: { standing: Standing }) {
  const { policy, whose, used, left, refused, over } = standing;
  const tone = over ? "" : refused || used >= 1 ? styles["bad"] : used >= 0.8 ? styles["warn"] : "";
  const column = policy.segment === "user" ? "user" : policy.segment ? `property.${policy.segment.toLowerCase()}` : "";
  return (
    <li className={styles["row"]}>
      <div className={styles["who"]}>
        {column && whose ? <FilterLink column={column} value={whose} /> : <span>{column ? `no ${policy.segment}` : "all calls"}</span>}
        <small title={policy.text}>{wordsOf(policy)}</small>
      </div>
      <div className={styles["meter"]} role="meter" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(used * 100)} aria-label={`Used by ${whose || "all calls"}`}>
        <i className={tone} style={{ width: `${Math.max(used > 0 ? 1 : 0, used * 100)}%` }} />
      </div>
      <span className="num">{percent(used)}</span>
      <div className={styles["state"]}>
        {over ? <Tag>free again</Tag> : refused ? <Tag tone="bad">over: refused</Tag> : <span>{amountOf(left, policy.unit)} left</span>}
        <Link to={"/requests/$id" as string} params={{ id: standing.id } as never}>
          <Time at={standing.at} relative />
        </Link>
      </div>
    </li>
  );
}
