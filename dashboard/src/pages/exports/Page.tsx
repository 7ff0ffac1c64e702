import { useExports, type ExportsStatus, type ParquetStatus, type SinkStatus } from "@/api/exports";
import { useStatus } from "@/api/status";
import { Tag, Time } from "@/components/Bits";
import { ItemList } from "@/components/ItemList";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { Loaded, RowsSkeleton } from "@/components/States";
import { bytes, count, duration } from "@/format/numbers";
import { bucketStart } from "@/format/times";
import { useScope } from "@/state/search";
import { ExportRow, type Fact } from "./ExportRow";
import { JSONL, OTLP, PARQUET, PROMETHEUS_SCRAPE, type ExportKind } from "./exports";

/** What is exported where, how far behind each is, and how to turn on the others. */
export function Page() {
  const query = useExports();
  return (
    <>
      <PageTop title="Exports" beside="calls for other systems, set up by the operator of this installation" />
      <PageBody>
        <Panel flush>
          <Loaded query={query} skeleton={<RowsSkeleton rows={8} />}>
            {(status) => <List status={status} />}
          </Loaded>
        </Panel>
        <p className="dim" style={{ margin: 0 }}>
          Counts are since the control plane started. No export delays a call or the log. Settings can also stand in perihelion.toml or the environment.
        </p>
      </PageBody>
    </>
  );
}

function List({ status }: { status: ExportsStatus }) {
  const sinks = new Map(status.sinks.map((sink) => [sink.name, sink]));
  const others = status.sinks.filter((sink) => ![OTLP.name, JSONL.name].includes(sink.name));
  return (
    <ItemList label="Exports">
      <Log />
      {[OTLP, JSONL].map((kind) => (
        <Sink key={kind.name} kind={kind} sink={sinks.get(kind.name)} />
      ))}
      <Parquet status={status.parquet} />
      <Prometheus />
      {others.map((sink) => (
        <Sink key={sink.name} kind={{ name: sink.name, title: sink.name, about: "a sink of this installation", setting: "", snippet: "" }} sink={sink} />
      ))}
    </ItemList>
  );
}

function Log() {
  const log = useStatus().data?.log;
  return (
    <ExportRow
      title="The log"
      about="what this dashboard shows; everything else comes after it"
      state={!log ? undefined : !log.ready ? <Tag tone="bad">not open</Tag> : log.behind_s > 30 ? <Tag tone="warn">behind</Tag> : <Tag tone="ok">on</Tag>}
      facts={log ? [["behind", log.behind_s ? duration(log.behind_s * 1000) : "0 s"]] : []}
    />
  );
}

function Sink({ kind, sink }: { kind: ExportKind; sink: SinkStatus | undefined }) {
  if (!sink) return <ExportRow title={kind.title} about={kind.about} state={<Tag>off</Tag>} kind={kind} facts={[]} />;
  const facts: Fact[] = [
    ["delivered", count(sink.delivered)],
    ["waiting", count(sink.waiting)],
    ["behind", sink.waiting ? duration(sink.lag_s * 1000) : "0 s"],
    ["last delivery", sink.last_delivery ? <Time key="time" at={sink.last_delivery} relative /> : "none yet"],
    ...optional("missed", sink.skipped),
    ...optional("rejected", sink.rejected),
    ...optional("failed attempts", sink.failures),
  ];
  return <ExportRow title={kind.title} about={sink.target || kind.about} mono={!!sink.target} state={sink.last_error ? <Tag tone="bad">failing</Tag> : sink.skipped ? <Tag tone="warn">on, missed calls</Tag> : <Tag tone="ok">on</Tag>} tags={sink.durable ? <Tag>waits for the receiver</Tag> : undefined} facts={facts} error={sink.last_error} />;
}

function Parquet({ status }: { status: ParquetStatus | null }) {
  const [{ zone }] = useScope();
  if (!status) return <ExportRow title={PARQUET.title} about={PARQUET.about} state={<Tag>off</Tag>} kind={PARQUET} facts={[]} />;
  const facts: Fact[] = [
    ["files", count(status.written)],
    ["size", bytes(status.bytes)],
    ["hours waiting", count(status.waiting)],
    ["newest hour", status.last_hour ? bucketStart(new Date(status.last_hour), zone) : "none yet"],
    ["last write", status.last_write ? <Time key="write" at={status.last_write} relative /> : "none yet"],
    ...optional("failed attempts", status.failures),
  ];
  return <ExportRow title={PARQUET.title} about={status.target || PARQUET.about} mono={!!status.target} state={status.last_error ? <Tag tone="bad">failing</Tag> : <Tag tone="ok">on</Tag>} facts={facts} error={status.last_error} />;
}

function Prometheus() {
  const gateway = useStatus().data?.gateway.url ?? "";
  const host = (url: string) => url.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  const snippet = PROMETHEUS_SCRAPE.replace("GATEWAY", host(gateway) || "127.0.0.1:8787").replace("CONTROL", location.host);
  return (
    <ExportRow
      title="Prometheus"
      about="/metrics of the gateway and of the control plane, to be scraped"
      state={<Tag tone="ok">on</Tag>}
      facts={[["this page", <a key="metrics" href="/metrics">/metrics</a>]]}
      kind={{ name: "prometheus", title: "Prometheus", about: "", setting: "", snippet, more: "A Grafana dashboard and alert rules for the software itself are in the folder observability of the source." }}
    />
  );
}

function optional(label: string, value: number): Fact[] {
  return value ? [[label, count(value)]] : [];
}
