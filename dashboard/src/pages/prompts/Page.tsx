import { Button, Switch, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMetrics } from "@/api/metrics";
import { usePrompts, useVersionFigures } from "@/api/prompts";
import { Icon } from "@/components/Icon";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { TimeRange } from "@/components/TimeRange";
import { useMay } from "@/state/roles";
import { readSort, useScope, writeSort } from "@/state/search";
import styles from "./Page.module.css";
import { PromptTable } from "./PromptTable";
import { joinFigures, search, sorted } from "./promptRows";

/** Managed prompts: their versions, environments, and what their calls cost and took. */
export function Page() {
  const [scope, setScope] = useScope();
  const find = typeof scope["find"] === "string" ? scope["find"] : "";
  const archived = scope["archived"] === "yes";
  const mayEdit = useMay("member");
  const sort = readSort(scope["sort"]) ?? { column: "last_used", direction: "desc" as const };
  const prompts = usePrompts(archived);
  const figures = useVersionFigures();
  const latency = useMetrics({ measures: ["p95_latency"], dimensions: ["prompt"], limit: 1000 });
  return (
    <>
      <PageTop title="Prompts" beside={prompts.data?.length ? `${prompts.data.length} ${archived ? "archived" : "managed"}` : ""}>
        <TimeRange />
        {mayEdit && (
          <Button component={Link} to={"/new-prompt" as string} variant="filled" leftSection={<Icon name="plus" size={13} />}>
            New prompt
          </Button>
        )}
      </PageTop>
      <PageBody>
        <div className={styles["bar"]}>
          <TextInput
            className={styles["search"]!}
            data-filter-input
            aria-label="Search prompts"
            placeholder="Search by name, id or environment"
            leftSection={<Icon name="search" size={13} />}
            value={find}
            onChange={(event) => setScope({ find: event.currentTarget.value }, true)}
            onKeyDown={(event) => {
              if (event.key === "Escape") event.currentTarget.blur();
            }}
          />
          <Switch label="Archived" checked={archived} onChange={(event) => setScope({ archived: event.currentTarget.checked ? "yes" : "" })} />
        </div>
        <Panel flush>
          <Loaded query={prompts} skeleton={<RowsSkeleton rows={10} />}>
            {(all) => {
              if (!all.length) return archived ? <Empty title="No prompt is archived">Archiving takes a prompt out of use; nothing of it is lost.</Empty> : <NoPrompts />;
              const p95 = new Map((latency.data?.groups ?? []).map((group) => [String(group.key["prompt"] ?? ""), group.totals["p95_latency"] ?? null]));
              const rows = sorted(search(joinFigures(all, figures.data ?? [], p95), find), sort);
              if (!rows.length) {
                return (
                  <Empty title={`No prompt has “${find}” in its name, id or environments`} action={<Button onClick={() => setScope({ find: "" })}>Show all {all.length}</Button>} />
                );
              }
              return <PromptTable rows={rows} sort={sort} isLoading={figures.isPending} onSort={(next) => setScope({ sort: writeSort(next) })} footer={rows.length === all.length ? `All ${all.length} prompts` : `${rows.length} of ${all.length} prompts`} />;
            }}
          </Loaded>
        </Panel>
      </PageBody>
    </>
  );
}

function NoPrompts() {
  return (
    <Empty
      title="No prompts yet"
      action={
        <Button component={Link} to={"/new-prompt" as string} variant="filled">
          Write the first one
        </Button>
      }
    >
      A managed prompt lives here instead of in your code: it has versions, and environments that you point to one of them. A call names it by
      Helicone-Prompt-Id, so that a change reaches your program within two seconds, without a deployment.
    </Empty>
  );
}
