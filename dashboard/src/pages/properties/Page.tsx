import { useGroups, type GroupRows } from "@/api/groups";
import { FilterBar } from "@/components/FilterBar";
import { GroupHeadline } from "@/components/groups/GroupHeadline";
import { GroupTable } from "@/components/groups/GroupTable";
import { SORTS, useListSort } from "@/components/groups/useListSort";
import { PageBody, PageTop } from "@/components/Page";
import { TimeRange } from "@/components/TimeRange";
import { count } from "@/format/numbers";
import { columnText } from "@/state/filterText";

type Property = GroupRows["properties"];

/** The names of custom properties; each leads to its values. */
export function Page() {
  const sort = useListSort("-calls", SORTS.properties);
  const names = useGroups("properties", { sort });
  return (
    <>
      <PageTop title="Properties" beside="a property says what a call was for">
        <TimeRange />
      </PageTop>
      <PageBody>
        <FilterBar error={names.error} />
        <GroupHeadline />
        <GroupTable<Property>
          label="Properties"
          what="properties"
          query={names}
          sort={sort}
          rowKey={(row) => row.name}
          filterOf={(row) => `${columnText(`property.${row.name}`)}:*`}
          columns={() => [
            { id: "name", header: "Property", width: "minmax(140px, 1fr)", sort: "name", cell: (row) => <b title={row.name}>{row.name}</b> },
            { id: "values", header: "Values", width: "76px", numeric: true, sort: "values", cell: (row) => count(row.values) },
          ]}
          figures={["spark", "calls", "cost", "change", "tokens", "users", "p50", "p95", "errors", "last_seen"]}
          target={(row, { scope }) => ({ to: "/properties/one", search: { name: row.name, q: scope.q, since: scope.since, until: scope.until, zone: scope.zone } })}
          empty={{ list: "properties", what: "properties", first: { title: "No call has a property yet", text: "Any header that begins with Helicone-Property- is kept with the call, and can be filtered and charted.", code: "Helicone-Property-Feature: search\nHelicone-Property-Environment: production" } }}
        />
      </PageBody>
    </>
  );
}
