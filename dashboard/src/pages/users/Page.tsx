import { useGroups, type GroupRows } from "@/api/groups";
import { FilterBar } from "@/components/FilterBar";
import { GroupHeadline } from "@/components/groups/GroupHeadline";
import { GroupTable } from "@/components/groups/GroupTable";
import { SORTS, useListSort } from "@/components/groups/useListSort";
import { PageBody, PageTop } from "@/components/Page";
import { ComparedWith, TimeRange } from "@/components/TimeRange";
import { addCondition } from "@/state/search";

type User = GroupRows["users"];

/** Who calls, and what each of them costs. */
export function Page() {
  const sort = useListSort("-cost", SORTS.users);
  const users = useGroups("users", { sort });
  return (
    <>
      <PageTop title="Users" beside={<ComparedWith />}>
        <TimeRange />
      </PageTop>
      <PageBody>
        <FilterBar error={users.error} />
        <GroupHeadline base="user:*" counted={{ label: "Users", measure: "users" }} />
        <GroupTable<User>
          label="Users"
          what="users"
          query={users}
          sort={sort}
          rowKey={(row) => row.user}
          filterOf={(row) => addCondition("", "user", row.user)}
          columns={() => [{ id: "user", header: "User", width: "minmax(140px, 1fr)", sort: "user", filter: (row) => ({ column: "user", value: row.user }), cell: (row) => <b title={row.user}>{row.user}</b> }]}
          figures={["spark", "calls", "cost", "change", "tokens", "sessions", "p50", "p95", "errors", "last_seen"]}
          target={(row, { scope }) => ({ to: "/users/one", search: { id: row.user, since: scope.since, until: scope.until, zone: scope.zone } })}
          empty={{ list: "users", what: "users", first: { title: "No call names a user yet", text: "Send this header with each call. Any text works as an id; it is never shown to the provider.", code: "Helicone-User-Id: ada" } }}
        />
      </PageBody>
    </>
  );
}
