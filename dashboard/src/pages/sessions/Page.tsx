import { FilterBar } from "@/components/FilterBar";
import { GroupHeadline } from "@/components/groups/GroupHeadline";
import { PageBody, PageTop } from "@/components/Page";
import { ComparedWith, TimeRange } from "@/components/TimeRange";
import { SessionTable, useSessionList } from "./SessionTable";

/** Conversations and runs of agents, the latest first. */
export function Page() {
  const list = useSessionList();
  return (
    <>
      <PageTop title="Sessions" beside={<ComparedWith />}>
        <TimeRange />
      </PageTop>
      <PageBody>
        <FilterBar error={list.query.error} />
        <GroupHeadline base="session:*" counted={{ label: "Sessions", measure: "sessions" }} />
        <SessionTable list={list} />
      </PageBody>
    </>
  );
}
