import { Link } from "@tanstack/react-router";
import { useRouter } from "@tanstack/react-router";
import { useSessionCalls } from "@/api/requests";
import type { Event } from "@/api/requests";
import { Panel } from "@/components/Page";
import { duration } from "@/format/numbers";
import { addCondition, useScope, writeScope } from "@/state/search";
import styles from "./SessionPanel.module.css";
import { visible } from "./visible";

/** The calls of the same session around this one, each a link. */
export function SessionPanel({ call }: { call: Event }) {
  const [scope] = useScope();
  const { routesByPath } = useRouter();
  const calls = useSessionCalls(call.session_id, call.start);
  if (!call.session_id) return null;
  const rows = calls.data ?? [];
  const longest = Math.max(...rows.map((row) => row.latency_ms ?? 0), 1);
  const at = rows.findIndex((row) => row.id === call.id);
  const from = Math.max(0, Math.min(at - 3, rows.length - 7));
  const page = "/sessions/one" in routesByPath;
  return (
    <Panel
      title="Session"
      sub={at >= 0 && rows.length > 1 ? `${at + 1} of ${rows.length}${rows.length === MAX ? "+" : ""}` : ""}
      actions={
        <Link
          to={(page ? "/sessions/one" : "/requests") as string}
          search={writeScope({ since: scope.since, until: scope.until, zone: scope.zone, ...(page ? { id: call.session_id } : { q: addCondition("", "session", call.session_id) }) }) as never}
          className={styles["open"]!}
        >
          Open
        </Link>
      }
    >
      <p className={styles["name"]} title={visible(call.session_id)}>{visible(call.session_name || call.session_id)}</p>
      {call.session_path && <p className={styles["path"]} title={visible(call.session_path)}>{visible(call.session_path)}</p>}
      {rows.length > 1 && (
        <ul className={styles["calls"]}>
          {rows.slice(from, from + 7).map((row) => (
            <li key={row.id}>
              <Link to={"/requests/$id" as string} params={{ id: row.id } as never} search={writeScope(scope) as never} aria-current={row.id === call.id ? "true" : undefined} title={visible(row.session_path || row.request_name)}>
                <span>{visible(row.session_path ? endOf(row.session_path) : row.request_name || row.operation)}</span>
                <i>
                  <b style={{ width: `${Math.max(2, ((row.latency_ms ?? 0) / longest) * 100)}%` }} data-bad={row.status >= 400 || row.outcome !== "success" || undefined} />
                </i>
                <span className="num">{duration(row.latency_ms)}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

const MAX = 200;

/** The end of a path, which tells the calls of a session apart. */
function endOf(path: string): string {
  return path.length > 27 ? `…${path.slice(-26)}` : path;
}
