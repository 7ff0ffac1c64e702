import { useGroups } from "@/api/groups";
import { FilterBar } from "@/components/FilterBar";
import { SORTS, useListSort } from "@/components/groups/useListSort";
import { PageBody, PageTop } from "@/components/Page";
import { ComparedWith, TimeRange } from "@/components/TimeRange";
import { useScope } from "@/state/search";
import { ErrorsOverTime } from "./ErrorsOverTime";
import { ErrorTable } from "./ErrorTable";
import { GroupDrawer } from "./GroupDrawer";
import { readGroup } from "./groupFilter";
import { Headline } from "./Headline";

/** Failed calls, grouped: by whose failure it is, the kind of error and the shape of its message. */
export function Page() {
  const [scope] = useScope();
  const sort = useListSort("-calls", SORTS.errors);
  const groups = useGroups("errors", { sort });
  const open = readGroup(scope["group"]);
  return (
    <>
      <PageTop title="Errors" beside={<ComparedWith />}>
        <TimeRange />
      </PageTop>
      <PageBody>
        <FilterBar error={groups.error} />
        <Headline />
        <ErrorsOverTime />
        <ErrorTable query={groups} sort={sort} />
        {open && <GroupDrawer group={open} row={groups.data?.find((row) => row.error === open.error && row.provider === open.provider && row.shape === open.shape && row.origin === open.origin)} />}
      </PageBody>
    </>
  );
}
