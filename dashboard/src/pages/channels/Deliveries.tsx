import { Button, SegmentedControl, Select } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useSendDead, type Channel } from "@/api/channels";
import { useDeliveries, type Delivery, type DeliveryState } from "@/api/deliveries";
import { Status, Tag, Time } from "@/components/Bits";
import { DataTable, type Column } from "@/components/DataTable";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { done, failed } from "@/components/toast";
import { ABSENT, count } from "@/format/numbers";
import { useMay } from "@/state/roles";
import { useScope, writeScope } from "@/state/search";
import styles from "./Channels.module.css";
import { stateOf } from "./deliveryWords";

const STATES = [
  { value: "", label: "All" },
  { value: "waiting", label: "Waiting" },
  { value: "sent", label: "Sent" },
  { value: "dead", label: "Given up" },
];

/** What was sent to the channels, what waits, and what was given up. */
export function Deliveries({ channels }: { channels: Channel[] }) {
  const [scope, setScope] = useScope();
  const channel = String(scope["channel"] ?? "");
  const state = (STATES.some((each) => each.value === scope["state"]) ? scope["state"] : "") as DeliveryState | "";
  const query = useDeliveries(channel, state);
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  const link = (row: Delivery) => <Link data-row-link to={"/channels" as string} search={writeScope({ ...scope, open: row.id }) as never} aria-label={`Delivery of ${row.title}`} resetScroll={false} />;
  return (
    <Panel title="Deliveries" sub="what has ended is kept for 30 days" flush actions={<SendDead channels={channels} chosen={channel} />}>
      <div className={styles["tools"]} style={{ padding: "8px 16px 0" }}>
        <SegmentedControl aria-label="State" value={state} onChange={(value) => setScope({ state: value })} data={STATES} />
        <Select aria-label="Channel" size="xs" w={200} placeholder="All channels" clearable value={channel || null} data={channels.map(({ id, name }) => ({ value: id, label: name }))} onChange={(value) => setScope({ channel: value ?? "" })} />
      </div>
      <Loaded query={query} skeleton={<RowsSkeleton rows={6} />}>
        {() =>
          rows.length ? (
            <div className={styles["table"]}>
              <DataTable
                label="Deliveries"
                columns={COLUMNS}
                rows={rows}
                rowKey={(row) => row.id}
                rowLink={link}
                selected={String(scope["open"] ?? "")}
                tone={(row) => (row.state === "dead" ? "bad" : undefined)}
                onOpen={(row) => setScope({ open: row.id })}
                onEnd={query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined}
                compact={(row) => <Compact row={row} />}
              />
            </div>
          ) : state || channel ? (
            <Empty title="No delivery is like that" action={<Button onClick={() => setScope({ state: "", channel: "" })}>Show all</Button>} />
          ) : (
            <Empty title="Nothing was sent yet">Messages of alert rules and budgets stand here with what became of them. A test is not kept: its answer stands at the channel.</Empty>
          )
        }
      </Loaded>
    </Panel>
  );
}

function SendDead({ channels, chosen }: { channels: Channel[]; chosen: string }) {
  const admin = useMay("admin");
  const send = useSendDead();
  const channel = channels.find((each) => each.id === chosen) ?? (channels.filter((each) => each.deliveries.dead).length === 1 ? channels.find((each) => each.deliveries.dead) : undefined);
  const dead = channel?.deliveries.dead ?? 0;
  if (!admin || !channel || !dead) return null;
  return (
    <Button
      loading={send.isPending}
      onClick={() =>
        send.mutate(channel.id, {
          onSuccess: ({ count: sent }) => done(`${count(sent)} of ${channel.name} ${sent === 1 ? "is" : "are"} sent again.`),
          onError: (error) => failed("Nothing is sent again", error),
        })
      }
    >
      Send {count(Math.min(dead, 500))} given up again
    </Button>
  );
}

function Word({ row }: { row: Delivery }) {
  const { word, tone } = stateOf(row);
  return <Tag {...(tone ? { tone } : {})}>{word}</Tag>;
}

function Compact({ row }: { row: Delivery }) {
  return (
    <div className={styles["compact"]}>
      <span>
        <b>{row.title}</b>
        <Word row={row} />
      </span>
      <span>
        <small>
          {row.channel_name}, <Time at={new Date(row.created_us / 1000)} relative />
          {row.attempts > 1 ? `, ${row.attempts} attempts` : ""}
        </small>
      </span>
    </div>
  );
}

const COLUMNS: Column<Delivery>[] = [
  { id: "created", header: "Made", width: "124px", cell: (row) => <Time at={new Date(row.created_us / 1000)} /> },
  { id: "state", header: "State", width: "112px", cell: (row) => <Word row={row} /> },
  { id: "title", header: "Message", width: "minmax(180px, 2.4fr)", cell: (row) => <b title={row.title}>{row.title}</b> },
  { id: "channel", header: "Channel", width: "minmax(90px, 130px)", cell: (row) => row.channel_name || <span className="dim">{ABSENT}</span> },
  { id: "attempts", header: "Attempts", width: "76px", numeric: true, cell: (row) => count(row.attempts) },
  { id: "status", header: "Answer", width: "72px", cell: (row) => (row.attempts ? <Status code={row.status} /> : <span className="dim">{ABSENT}</span>) },
  { id: "next", header: "Next try", width: "112px", cell: (row) => (row.next_us ? <Next at={row.next_us / 1000} /> : <span className="dim">{ABSENT}</span>) },
  { id: "error", header: "Error", width: "minmax(140px, 1fr)", wide: true, cell: (row) => <span className={row.state === "sent" ? "dim" : ""} title={row.error}>{row.error || <span className="dim">{ABSENT}</span>}</span> },
];

function Next({ at }: { at: number }) {
  return at <= Date.now() ? <span>now</span> : <Time at={new Date(at)} />;
}
