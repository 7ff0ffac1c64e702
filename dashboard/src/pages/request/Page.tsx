import { Tabs } from "@mantine/core";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { ApiError } from "@/api/client";
import { useNeighbours, useRequest, type Event } from "@/api/requests";
import { isTyping } from "@/app/Shortcuts";
import { Copy, Figure, Figures, Status } from "@/components/Bits";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Failure, RowsSkeleton } from "@/components/States";
import { bytes, count, duration, money } from "@/format/numbers";
import { readSort, useScope, writeScope } from "@/state/search";
import { Bodies } from "./Bodies";
import { Conversation } from "./Conversation";
import { CostLines } from "./CostLines";
import { Facts } from "./Facts";
import styles from "./Page.module.css";
import { Timeline } from "./Timeline";
import { CodeSnippet } from "./CodeSnippet";

/** Everything of one call, and the way to the calls beside it. */
export function Page() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const [scope, setScope] = useScope();
  const call = useRequest(id);
  const tab = typeof scope["tab"] === "string" ? scope["tab"] : "conversation";
  return (
    <>
      <PageTop
        title={
          <span className={styles["title"]}>
            <Link to={"/requests" as string} search={writeScope({ ...scope, tab: "" }) as never}>
              Requests
            </Link>
            <span className="dim">/</span>
            {call.data ? call.data.request_name || call.data.operation || "call" : "…"}
          </span>
        }
        beside={
          call.data && (
            <span className={styles["id"]}>
              <Status code={call.data.status} outcome={call.data.outcome} /> <span className="mono">{id}</span> <Copy text={id} label="Copy the id" />
            </span>
          )
        }
      >
        <Walk id={id} />
      </PageTop>
      <PageBody>
        {call.error ? <Lost error={call.error} retry={() => void call.refetch()} /> : null}
        {call.isPending && !call.error && (
          <>
            <BlockSkeleton height={92} />
            <RowsSkeleton rows={8} />
          </>
        )}
        {call.data && (
          <>
            <Headline call={call.data} />
            <div className={styles["columns"]}>
              <div className={styles["left"]}>
                <Timeline call={call.data} />
                <Panel flush>
                  <Tabs value={tab} onChange={(next) => setScope({ tab: next === "conversation" ? "" : next }, true)} keepMounted={false}>
                    <Tabs.List>
                      <Tabs.Tab value="conversation">Conversation</Tabs.Tab>
                      <Tabs.Tab value="request">
                        Raw request <span className="dim">{bytes(call.data.request_size)}</span>
                      </Tabs.Tab>
                      <Tabs.Tab value="response">
                        Raw response <span className="dim">{bytes(call.data.response_size)}</span>
                      </Tabs.Tab>
                      <Tabs.Tab value="code">As code</Tabs.Tab>
                    </Tabs.List>
                    <Tabs.Panel value="conversation">
                      <Conversation call={call.data} />
                    </Tabs.Panel>
                    <Tabs.Panel value="request">
                      <Bodies id={id} part="request" />
                    </Tabs.Panel>
                    <Tabs.Panel value="response">
                      <Bodies id={id} part="response" />
                    </Tabs.Panel>
                    <Tabs.Panel value="code">
                      <CodeSnippet id={id} />
                    </Tabs.Panel>
                  </Tabs>
                </Panel>
              </div>
              <div className={styles["right"]}>
                <CostLines call={call.data} />
                <Facts call={call.data} />
              </div>
            </div>
          </>
        )}
      </PageBody>
    </>
  );
}

function Headline({ call }: { call: Event }) {
  const known = call.input_tokens != null || call.output_tokens != null;
  return (
    <Figures>
      <Figure label="Model" value={<span className={styles["model"]}>{call.model || call.model_asked || "–"}</span>} sub={call.provider} />
      <Figure label="Latency" value={duration(call.latency_ms)} />
      <Figure label="First token" value={duration(call.ttft_ms)} />
      <Figure label="Tokens" value={known ? `${count(call.input_tokens)} → ${count(call.output_tokens)}` : "–"} />
      <Figure label="Cost" value={call.cached ? "$0" : money(call.cost_nanousd == null ? null : call.cost_nanousd / 1e9)} sub={call.cached ? "served from the cache" : ""} />
      <Figure label="Proxy added" value={duration(call.sent_ms)} />
    </Figures>
  );
}

/** Previous and next call of the list that this one was opened from; `k` and `j`. */
function Walk({ id }: { id: string }) {
  const [scope] = useScope();
  const neighbours = useNeighbours(id, readSort(scope["sort"]));
  const navigate = useNavigate();
  const search = writeScope(scope) as never;
  const { previous, next } = neighbours.data ?? { previous: null, next: null };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      const to = event.key === "j" ? next : event.key === "k" ? previous : null;
      if (to) void navigate({ to: "/requests/$id" as string, params: { id: to } as never, search });
      else if (event.key === "Escape") void navigate({ to: "/requests" as string, search });
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [next, previous, navigate, search]);
  const link = (to: string | null, label: string, key: string) =>
    to ? (
      <Link to={"/requests/$id" as string} params={{ id: to } as never} search={search} className={styles["walk"]!}>
        {label} <kbd>{key}</kbd>
      </Link>
    ) : (
      <span className={styles["walk"]} data-off aria-disabled="true">
        {label} <kbd>{key}</kbd>
      </span>
    );
  return (
    <>
      {link(previous, "Previous", "k")}
      {link(next, "Next", "j")}
    </>
  );
}

function Lost({ error, retry }: { error: unknown; retry: () => void }) {
  const status = error instanceof ApiError ? error.status : 0;
  if (status !== 404 && status !== 400) return <Failure error={error} retry={retry} />;
  return (
    <Empty title="No call with this id is in your log" action={<Link to={"/requests" as string}>Go to the requests</Link>}>
      It may belong to another organisation, or its retention may have ended. A call shows up about a second after it ended.
    </Empty>
  );
}
