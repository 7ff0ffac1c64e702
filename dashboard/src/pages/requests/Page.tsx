import { useQueryClient } from "@tanstack/react-query";
import { Button, Menu } from "@mantine/core";
import { useEffect, useState } from "react";
import { useRequestCounts, useRequests } from "@/api/requests";
import { Icon } from "@/components/Icon";
import { FilterBar } from "@/components/FilterBar";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { Loaded, RowsSkeleton } from "@/components/States";
import { TimeRange } from "@/components/TimeRange";
import { count } from "@/format/numbers";
import { readSort, useScope, writeSort } from "@/state/search";
import { CallTable } from "./CallTable";
import { exportAs } from "./exportAs";
import { Histogram } from "./Histogram";
import styles from "./Page.module.css";

/** The explorer: a filter, how its calls are spread, and the calls. */
export function Page() {
  const [scope, setScope] = useScope();
  const sort = readSort(scope["sort"]);
  const calls = useRequests(sort);
  const counts = useRequestCounts();
  const [live, setLive] = useState(false);
  useLive(live && !scope.until);
  const total = counts.data?.total;
  return (
    <>
      <PageTop title="Requests" beside={total?.value == null ? "" : `${total.exact ? "" : "about "}${count(total.value)} in view`}>
        <Button variant="subtle" color="gray" aria-pressed={live} disabled={!!scope.until} onClick={() => setLive((before) => !before)} leftSection={<span className={styles["light"]} data-on={live || undefined} />}>
          Live
        </Button>
        <TimeRange />
        <Menu>
          <Menu.Target>
            <Button rightSection={<Icon name="down" size={12} />}>Export</Button>
          </Menu.Target>
          <Menu.Dropdown>
            {(["csv", "jsonl", "parquet"] as const).map((format) => (
              <Menu.Item key={format} onClick={() => void exportAs(format, scope)}>
                {format === "csv" ? "CSV" : format === "jsonl" ? "JSON lines" : "Parquet"}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </PageTop>
      <PageBody>
        <FilterBar error={calls.error ?? counts.error} />
        <Panel>
          <Histogram counts={counts} />
        </Panel>
        <Panel flush>
          <Loaded query={calls} skeleton={<RowsSkeleton rows={14} />}>
            {(rows) => (
              <CallTable
                rows={rows}
                sort={sort}
                onSort={(next) => setScope({ sort: writeSort(next) })}
                onEnd={() => {
                  if (calls.hasNextPage && !calls.isFetchingNextPage) void calls.fetchNextPage();
                }}
                more={calls.hasNextPage}
              />
            )}
          </Loaded>
        </Panel>
      </PageBody>
    </>
  );
}

/** Asks again every two seconds while it is on. */
function useLive(on: boolean) {
  const queries = useQueryClient();
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => {
      void queries.invalidateQueries({ queryKey: ["requests"] });
      void queries.invalidateQueries({ queryKey: ["request-counts"] });
    }, 2_000);
    return () => clearInterval(timer);
  }, [on, queries]);
}
