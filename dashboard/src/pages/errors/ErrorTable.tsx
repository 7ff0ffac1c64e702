import type { useGroups, GroupRows } from "@/api/groups";
import { FilterLink, Status, Tag, Time } from "@/components/Bits";
import type { Column, Sort } from "@/components/DataTable";
import { GroupTable } from "@/components/groups/GroupTable";
import { ABSENT } from "@/format/numbers";
import { useScope } from "@/state/search";
import styles from "./ErrorTable.module.css";
import { groupFilter, ORIGINS, writeGroup } from "./groupFilter";

type Row = GroupRows["errors"];

/** Groups of failed calls. A row opens its message and its latest calls. */
export function ErrorTable({ query, sort }: { query: ReturnType<typeof useGroups<"errors">>; sort: Sort }) {
  const [scope] = useScope();
  return (
    <GroupTable<Row>
      label="Errors"
      what="kinds of error"
      query={query}
      sort={sort}
      rowKey={(row) => writeGroup(row)}
      name={(row) => (
        <>
          <Origin row={row} /> {row.error} <span className={styles["words"]}>{row.shape}</span>
        </>
      )}
      filterOf={groupFilter}
      columns={() => COLUMNS}
      figures={["bad_spark", "calls", "change", "users"]}
      more={LAST}
      target={(row) => ({ to: "/errors", search: { ...scope, group: writeGroup(row) } })}
      empty={{ list: "errors", what: "errors", first: { title: "No call has failed yet", text: "Failed calls are grouped here: those of a provider, those that a limit of yours refused, and those that the gateway refused." } }}
    />
  );
}

/** Whose failure it is, as a tag. */
function Origin({ row }: { row: Row }) {
  const origin = ORIGINS[row.origin];
  return <Tag {...(origin?.tone ? { tone: origin.tone } : {})}>{origin?.short ?? row.origin}</Tag>;
}

const COLUMNS: Column<Row>[] = [
  {
    id: "origin", header: "Whose", width: "92px", sort: "origin", filter: (row) => ({ column: "error_origin", value: row.origin }),
    cell: (row) => <Origin row={row} />,
  },
  {
    id: "status", header: "Status", width: "112px",
    cell: (row) => (
      <span className={styles["statuses"]}>
        {row.statuses.slice(0, 2).map((status) => (
          <FilterLink key={status} column="status" value={status}>
            <Status code={status} {...(status < 400 ? { outcome: "response_error" } : {})} />
          </FilterLink>
        ))}
        {row.statuses.length > 2 && <span className="dim">+{row.statuses.length - 2}</span>}
      </span>
    ),
  },
  {
    id: "error", header: "Error", width: "minmax(240px, 1fr)", sort: "error", filter: (row) => ({ column: "error", value: row.error }),
    cell: (row) => (
      <span title={row.example_message}>
        <b>{row.error}</b> <span className={styles["shape"]}>{row.shape}</span>
      </span>
    ),
  },
  {
    id: "provider", header: "Provider", width: "104px", sort: "provider", filter: (row) => ({ column: "provider", value: row.provider }),
    cell: (row) => (row.provider ? <FilterLink column="provider" value={row.provider} /> : <span className="dim">{ABSENT}</span>),
  },
];

const LAST: Column<Row>[] = [
  { id: "first_seen", header: "First seen", width: "108px", numeric: true, sort: "first_seen", cell: (row) => <span className={styles["shape"]}><Time at={row.first_seen} relative /></span> },
  { id: "last_seen", header: "Last seen", width: "96px", numeric: true, sort: "last_seen", cell: (row) => <span className={styles["shape"]}><Time at={row.last_seen} relative /></span> },
];
