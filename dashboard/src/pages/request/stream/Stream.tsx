import { useQuery } from "@tanstack/react-query";
import { fetchBody } from "@/api/bodies";
import { useBodySizes } from "@/api/requests";
import { Empty, Failure, RowsSkeleton } from "@/components/States";
import { count, duration } from "@/format/numbers";
import { AbsentBody } from "../AbsentBody";
import { useCallDocuments, useDocument } from "../worker/CallDocuments";
import { EventList } from "./EventList";
import styles from "./Stream.module.css";
import { longestGap, type ChunkTimes } from "./timesOf";

/** The events of a streamed response in their order, with the times that the log has. */
export function Stream() {
  const { call } = useCallDocuments();
  const response = useDocument("response");
  const times = useChunkTimes();
  const { summary } = response;
  if (response.error && !summary) return <Failure error={response.error} retry={response.retry} />;
  if (summary === undefined || times.isLoading) return <RowsSkeleton rows={8} />;
  if (summary === null) return <AbsentBody part="response" />;
  if (!summary.events) return <Empty title="This response has no events">It was not streamed, or it holds nothing that reads as a stream.</Empty>;
  const known = call.truncated ? [] : (times.data ?? []);
  const pause = longestGap(known);
  return (
    <div>
      <dl className={styles["figures"]}>
        <Figure label="Events" value={count(summary.events) + (summary.whole ? "" : "+")} />
        <Figure label="First byte" value={duration(call.first_byte_ms)} />
        <Figure label="First token" value={duration(call.ttft_ms)} />
        <Figure label="End" value={duration(call.latency_ms)} />
        {pause && <Figure label="Longest pause" value={`${duration(pause.ms)} at ${duration(pause.atMs)}`} />}
      </dl>
      {!known.length && (
        <p className={styles["note"]}>
          {call.truncated
            ? "The middle of this response is not in the log, so events have no times."
            : "The log has no time of each event of this call. Send Helicone-Stream-Times: true, or set stream.times, and later calls have them."}
        </p>
      )}
      <EventList key={summary.version} version={summary.version} events={summary.events} times={known} />
    </div>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}

/** When the pieces of the stream came; empty where that was not asked for. */
function useChunkTimes() {
  const { call } = useCallDocuments();
  const stored = useBodySizes(call.id, call.start).data?.chunk_times;
  return useQuery({
    queryKey: ["chunk-times", call.id],
    enabled: !!stored,
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<ChunkTimes> => {
      const bytes = await fetchBody(call.id, "chunk_times", null, signal);
      return bytes ? (JSON.parse(new TextDecoder().decode(bytes)) as ChunkTimes) : [];
    },
  });
}
