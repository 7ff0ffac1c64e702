import { PageBody, PageTop } from "@/components/Page";
import { TimeRange } from "@/components/TimeRange";

export function Page() {
  return (
    <>
      <PageTop title="Overview">
        <TimeRange />
      </PageTop>
      <PageBody>…</PageBody>
    </>
  );
}
