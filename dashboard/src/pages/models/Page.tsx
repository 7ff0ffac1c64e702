import { useGroups } from "@/api/groups";
import { FilterBar } from "@/components/FilterBar";
import { Breakdown } from "@/components/groups/Breakdown";
import { GroupHeadline } from "@/components/groups/GroupHeadline";
import { SORTS, useListSort } from "@/components/groups/useListSort";
import { PageBody, PageTop } from "@/components/Page";
import { TimeRange } from "@/components/TimeRange";
import { joinCondition, useScope } from "@/state/search";
import { Comparison } from "./Comparison";
import { ModelTable } from "./ModelTable";
import { readChosen } from "./chosen";

/** Models by provider: what they cost and how fast they are; two or three of them side by side. */
export function Page() {
  const [scope] = useScope();
  const sort = useListSort("-cost", SORTS.models);
  const models = useGroups("models", { sort });
  const chosen = readChosen(scope["compare"]);
  return (
    <>
      <PageTop title="Models" beside="choose two or three to compare them">
        <TimeRange />
      </PageTop>
      <PageBody>
        <FilterBar error={models.error} />
        <GroupHeadline />
        {chosen.length > 1 ? <Comparison chosen={chosen} rows={models.data ?? []} /> : <Breakdown dimension="model" filter={joinCondition(scope.q, "model:*")} none="no model" />}
        <ModelTable query={models} sort={sort} chosen={chosen} />
      </PageBody>
    </>
  );
}
