import { useGroups, type GroupRows } from "@/api/groups";
import { FilterLink, Tag, Time } from "@/components/Bits";
import type { Column } from "@/components/DataTable";
import { GroupTable } from "@/components/groups/GroupTable";
import { SORTS, useListSort } from "@/components/groups/useListSort";
import { ABSENT, duration } from "@/format/numbers";
import { addCondition, useScope } from "@/state/search";
import { SESSION_HEADERS } from "./headers";
import styles from "./SessionTable.module.css";

type Session = GroupRows["sessions"];

/** The query and the order of a list of sessions: of the page's filter, or of another one. */
export function useSessionList(filter?: string) {
  const sort = useListSort("-last_seen", SORTS.sessions);
  const query = useGroups("sessions", { sort, compare: false, ...(filter === undefined ? {} : { filter }) });
  return { query, sort };
}

/** Sessions, each with what it came to. */
export function SessionTable({ list, title, hideUser }: { list: ReturnType<typeof useSessionList>; title?: string; hideUser?: boolean }) {
  const [{ since, until, zone }] = useScope();
  return (
    <GroupTable<Session>
      label="Sessions"
      what="sessions"
      query={list.query}
      sort={list.sort}
      rowKey={(row) => row.session}
      name={(row) => row.name || row.session}
      filterOf={(row) => addCondition("", "session", row.session)}
      columns={() => (hideUser ? COLUMNS.filter((column) => column.id !== "users") : COLUMNS)}
      figures={["calls", "cost", "tokens", "p95", "errors"]}
      target={(row) => ({ to: "/sessions/one", search: { id: row.session, since, until, zone } })}
      empty={{ list: "sessions", what: "sessions", first: { title: "No call carries a session id yet", text: "Send these headers with each call of a conversation or of an agent's run. The path puts the calls into a tree.", code: SESSION_HEADERS } }}
      {...(title ? { title } : {})}
    />
  );
}

const COLUMNS: Column<Session>[] = [
  { id: "last_seen", header: "Last call", width: "124px", sort: "last_seen", cell: (row) => <Time at={row.last_seen} /> },
  {
    id: "session", header: "Session", width: "minmax(220px, 2.2fr)", sort: "session", filter: (row) => ({ column: "session", value: row.session }),
    cell: (row) => (
      <>
        <b title={row.session}>{row.name || row.session}</b> {row.name && <span className="dim" title={row.session}>{row.session}</span>}
      </>
    ),
  },
  { id: "duration", header: "Lasted", width: "96px", numeric: true, sort: "duration_ms", cell: (row) => duration(row.duration_ms) },
  {
    id: "users", header: "User", width: "minmax(112px, 150px)", filter: (row) => (row.users[0] ? { column: "user", value: row.users[0] } : undefined),
    cell: (row) => (row.users.length ? <FilterLink column="user" value={row.users[0]!} /> : <span className="dim">{ABSENT}</span>),
  },
  {
    id: "models", header: "Models", width: "minmax(148px, 1fr)", wide: true,
    cell: (row) => (
      <span className={styles["models"]}>
        {row.models[0] && (
          <FilterLink column="model" value={row.models[0]}>
            <Tag>{row.models[0]}</Tag>
          </FilterLink>
        )}
        {row.models.length > 1 && <span className="dim" title={row.models.join("\n")}>{`+${row.models.length - 1}`}</span>}
      </span>
    ),
  },
];
