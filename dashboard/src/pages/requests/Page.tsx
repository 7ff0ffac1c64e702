import { Button } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { useFirstPage, type CallQuestion } from "@/api/callPages";
import { ApiError } from "@/api/client";
import { figure } from "@/api/metrics";
import { selectionOf } from "@/api/requests";
import { FilterBar } from "@/components/FilterBar";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { Empty, Failure } from "@/components/States";
import { TimeRange } from "@/components/TimeRange";
import { count } from "@/format/numbers";
import { readSort, useScope } from "@/state/search";
import { CallList } from "./CallList";
import { columnsToAsk, readColumns } from "./chosenColumns";
import { ColumnsMenu } from "./ColumnsMenu";
import { ExportMenu } from "./ExportMenu";
import { Histogram, useHistogram } from "./Histogram";
import { LoadingList } from "./LoadingList";
import { LiveButton, RefreshButton, isLive } from "./LiveButton";
import styles from "./Menus.module.css";
import { SavedLink } from "./SavedLink";
import { ViewsMenu } from "./ViewsMenu";

/** The explorer: a filter, how its calls are spread, and the calls. */
export function Page() {
  const [scope, setScope] = useScope();
  const live = isLive(scope);
  const { columns, unknown } = useMemo(() => readColumns(scope["columns"]), [scope["columns"]]);
  const asked = useQuestion(columnsToAsk(columns));
  const first = useFirstPage(asked);
  useFreshStart(first);
  const shown = useAnswered(asked, first.isSuccess);
  const unread = first.error instanceof ApiError && first.error.status === 400;
  const spread = useHistogram(live ? 5_000 : false);
  const total = spread.data ? figure(spread.data.total.totals, "calls") : null;
  return (
    <>
      <PageTop title="Requests" beside={total === null ? "" : `${count(total)} in view`}>
        {!live && <RefreshButton />}
        <LiveButton />
        <TimeRange />
        <ColumnsMenu />
        <ExportMenu total={total} />
      </PageTop>
      <PageBody>
        <div className={styles["filter"]}>
          <FilterBar error={first.error} />
          <ViewsMenu />
        </div>
        <SavedLink />
        {unknown.length > 0 && (
          <p className={styles["gone"]} role="alert">
            There is no column “{unknown.join("”, “")}” to show.{" "}
            <button type="button" onClick={() => setScope({ columns: "" }, true)}>
              Show the usual columns
            </button>
          </p>
        )}
        {(shown || !unread) && total !== 0 && (
          <Panel flush>
            <Histogram query={spread} />
          </Panel>
        )}
        <Panel flush>
          {shown ? (
            <CallList key={JSON.stringify(shown.selection)} question={shown} columns={columns} live={live} stale={shown !== asked} />
          ) : unread ? (
            <Empty title="This question cannot be read" action={<Button onClick={() => setScope({ q: "", since: "", until: "", sort: "", columns: "" })}>Start again</Button>}>
              What is wrong with it stands below the filter.
            </Empty>
          ) : first.error ? (
            <Failure error={first.error} retry={() => void first.refetch()} />
          ) : (
            <LoadingList columns={columns} />
          )}
        </Panel>
      </PageBody>
    </>
  );
}

/** What the URL asks for; the same object as long as it asks the same. */
function useQuestion(columns: string[]): CallQuestion {
  const [scope] = useScope();
  const question = { selection: selectionOf(scope, readSort(scope["sort"])), columns };
  // eslint-disable-next-line react-hooks/exhaustive-deps
  return useMemo(() => question, [JSON.stringify(question)]);
}

/** The last question that was answered: its calls stay while another one is on its way or cannot be read. */
function useAnswered(asked: CallQuestion, answered: boolean): CallQuestion | undefined {
  const [last, setLast] = useState<CallQuestion>();
  if (answered && last !== asked) setLast(asked);
  return answered ? asked : last;
}

/** One who comes back to the top of the list sees it as it is now; one who comes back to a place in it keeps the place. */
function useFreshStart({ dataUpdatedAt, refetch }: ReturnType<typeof useFirstPage>): void {
  useEffect(() => {
    const timer = setTimeout(() => {
      if (dataUpdatedAt && Date.now() - dataUpdatedAt > 10_000 && scrollY < 200) void refetch();
    }, 100);
    return () => clearTimeout(timer);
    // once, when the page opens
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
}
