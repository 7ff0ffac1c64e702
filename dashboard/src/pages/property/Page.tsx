import { Link } from "@tanstack/react-router";
import { useGroups, type GroupRows } from "@/api/groups";
import { FilterBar } from "@/components/FilterBar";
import { Breakdown } from "@/components/groups/Breakdown";
import { GroupHeadline } from "@/components/groups/GroupHeadline";
import { GroupTable } from "@/components/groups/GroupTable";
import { Title } from "@/components/groups/Title";
import { SORTS, useListSort } from "@/components/groups/useListSort";
import { PageBody, PageTop } from "@/components/Page";
import { Empty } from "@/components/States";
import { TimeRange } from "@/components/TimeRange";
import { columnText } from "@/state/filterText";
import { addCondition, joinCondition, useScope } from "@/state/search";

type Value = GroupRows["values"];

/** The values of one property: what each of them costs. */
export function Page() {
  const [scope] = useScope();
  const name = typeof scope["name"] === "string" ? scope["name"] : "";
  return (
    <>
      <PageTop title={<Title to="/properties" parent="Properties" name={name} />}>
        <TimeRange />
      </PageTop>
      <PageBody>
        {name ? (
          <Values name={name} />
        ) : (
          <Empty title="This address names no property" action={<Link to={"/properties" as string}>Go to the properties</Link>} />
        )}
      </PageBody>
    </>
  );
}

function Values({ name }: { name: string }) {
  const [scope] = useScope();
  const sort = useListSort("-cost", SORTS.values);
  const values = useGroups("values", { sort, name });
  const column = `property.${name}`;
  return (
    <>
      <FilterBar error={values.error} />
      <GroupHeadline base={`${columnText(column)}:*`} />
      <Breakdown dimension={column} filter={joinCondition(scope.q, `${columnText(column)}:*`)} none="empty" />
      <GroupTable<Value>
        label={`Values of ${name}`}
        what="values"
        query={values}
        sort={sort}
        rowKey={(row) => row.value}
        filterOf={(row) => addCondition("", column, row.value)}
        columns={() => [{ id: "value", header: name, width: "minmax(140px, 1fr)", sort: "value", filter: (row) => ({ column, value: row.value }), cell: (row) => <b title={row.value}>{row.value || <span className="dim">empty</span>}</b> }]}
        figures={["spark", "calls", "cost", "change", "tokens", "users", "p50", "p95", "errors", "last_seen"]}
        target={(row) => ({ to: "/requests", search: { q: addCondition(scope.q, column, row.value), since: scope.since, until: scope.until, zone: scope.zone } })}
        empty={{ list: "values", name, what: "values", first: { title: `No call has the property ${name}`, text: "Send it as a header. Names have no case.", code: `Helicone-Property-${name}: …` } }}
      />
    </>
  );
}
