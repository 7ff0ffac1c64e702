import { Button, Drawer } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { GroupRows } from "@/api/groups";
import { useLatestCalls } from "@/api/latestCalls";
import { Copy, FilterLink, Status, Tag, Time } from "@/components/Bits";
import { SparkBars } from "@/components/groups/SparkBars";
import { Loaded, RowsSkeleton } from "@/components/States";
import { count, duration } from "@/format/numbers";
import { joinCondition, useScope, writeScope } from "@/state/search";
import styles from "./GroupDrawer.module.css";
import { groupFilter, ORIGINS, type ErrorGroup } from "./groupFilter";

/** One group of failed calls: a message in full, whom it hit, and its latest calls. */
export function GroupDrawer({ group, row }: { group: ErrorGroup; row: GroupRows["errors"] | undefined }) {
  const [scope, setScope] = useScope();
  const q = joinCondition(scope.q, groupFilter(group));
  const { since, until, zone } = scope;
  const calls = useLatestCalls(q);
  const search = writeScope({ q, since, until, zone }) as never;
  const message = row?.example_message || calls.data?.[0]?.error_message || group.shape;
  return (
    <Drawer
      opened
      onClose={() => setScope({ group: "" })}
      position="right"
      size="min(760px, 100vw)"
      transitionProps={{ duration: 0 }}
      title={
        <span className={styles["title"]}>
          <Tag {...(ORIGINS[group.origin]?.tone ? { tone: ORIGINS[group.origin]!.tone! } : {})}>{ORIGINS[group.origin]?.short ?? group.origin}</Tag>
          {group.error} <span className="dim">{group.provider}</span>
        </span>
      }
    >
      <div className={styles["body"]}>
        <div className={styles["message"]}>
          <pre>{message || "This error has no message."}</pre>
          {message && <Copy text={message} label="Copy the message" />}
        </div>
        {row && (
          <>
            <dl className={styles["facts"]}>
              <div>
                <dt>Calls</dt>
                <dd>{count(row.calls)}</dd>
              </div>
              <div>
                <dt>Users</dt>
                <dd>{count(row.users)}</dd>
              </div>
              <div>
                <dt>Sessions</dt>
                <dd>{count(row.sessions)}</dd>
              </div>
              <div>
                <dt>First seen</dt>
                <dd>
                  <Time at={row.first_seen} />
                </dd>
              </div>
              <div>
                <dt>Last seen</dt>
                <dd>
                  <Time at={row.last_seen} />
                </dd>
              </div>
            </dl>
            <SparkBars values={row.spark} errors={row.spark} label={`${count(row.calls)} calls in this range`} />
            <p className={styles["models"]}>
              {row.models.map((model) => (
                <FilterLink key={model} column="model" value={model}>
                  <Tag>{model}</Tag>
                </FilterLink>
              ))}
            </p>
          </>
        )}
        <header className={styles["head"]}>
          <h3>Latest calls</h3>
          <Button component={Link} to={"/requests" as string} search={search} variant="filled">
            Open in the explorer
          </Button>
        </header>
        <Loaded query={calls} skeleton={<RowsSkeleton rows={6} />}>
          {(found) => (
            <ul className={styles["calls"]}>
              {found.map((call) => (
                <li key={call.id}>
                  <Link to={"/requests/$id" as string} params={{ id: call.id } as never} search={search}>
                    <Time at={call.start} />
                    <Status code={call.status} outcome={call.outcome} />
                    <span className={styles["model"]}>{call.model}</span>
                    <span className="dim">{call.user_id}</span>
                    <span className="num">{duration(call.latency_ms)}</span>
                  </Link>
                </li>
              ))}
              {!found.length && <li className="dim">No call of this group is in this range.</li>}
            </ul>
          )}
        </Loaded>
      </div>
    </Drawer>
  );
}
