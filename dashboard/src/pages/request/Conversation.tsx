import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useBodySizes } from "@/api/requests";
import { Empty, Failure, RowsSkeleton } from "@/components/States";
import { useScope } from "@/state/search";
import { AbsentBody } from "./AbsentBody";
import styles from "./Conversation.module.css";
import { ConversationList } from "./ConversationList";
import { Offered } from "./Offered";
import { useCallDocuments, useDocument } from "./worker/CallDocuments";

/** The messages of a call and its answer, one below the other, whatever the dialect. */
export function Conversation() {
  const { call, worker } = useCallDocuments();
  const [scope, setScope] = useScope();
  const request = useDocument("request");
  const response = useDocument("response");
  // what the model really read, where the gateway filled in a prompt
  const hasSent = !!useBodySizes(call.id, call.start).data?.sent;
  const sent = useDocument("sent", hasSent);
  const versions = [request.summary?.version, response.summary?.version, sent.summary?.version];
  const loaded = request.summary !== undefined && response.summary !== undefined && (!hasSent || sent.summary !== undefined || !!sent.error);
  const found = useQuery({
    queryKey: ["conversation", worker.key, call.id, ...versions],
    enabled: loaded && versions.some((version) => version !== undefined),
    staleTime: Infinity,
    placeholderData: (before) => before,
    queryFn: () => worker.ask("conversation"),
  });
  const failed = request.error ?? response.error ?? found.error;
  if (failed && !found.data) return <Failure error={failed} retry={() => (request.error ? request.retry() : response.retry())} />;
  if (loaded && request.summary === null && response.summary === null) return <AbsentBody part={call.request_size ? "request" : "response"} />;
  if (found.data === undefined) return <RowsSkeleton rows={6} />;
  if (found.data === null) {
    return <Empty title="This call is no conversation">Its {call.operation || "operation"} has no messages to show. The tabs “Request” and “Response” have all of it.</Empty>;
  }
  const conversation = found.data;
  const isPlain = scope["text"] === "plain";
  return (
    <div>
      <div className={styles["bar"]}>
        <Offered conversation={conversation} />
        <SegmentedControl
          aria-label="Show texts as"
          value={isPlain ? "plain" : ""}
          onChange={(value) => setScope({ text: value }, true)}
          data={[
            { value: "", label: "Markdown" },
            { value: "plain", label: "Plain" },
          ]}
        />
      </div>
      {conversation.partial && (
        <p className={styles["partial"]} role="status">
          {request.growing || response.growing ? "Reading the rest of this call …" : partialReason(call.truncated)}
        </p>
      )}
      {request.summary === null && <AbsentBody part="request" />}
      <ConversationList conversation={conversation} isPlain={isPlain} hasResponse={!!response.summary} />
      {response.summary === null && <AbsentBody part="response" />}
    </div>
  );
}

function partialReason(truncated: boolean): string {
  return truncated
    ? "A body of this call was above log.max_body: its middle is not in the log, and this is what its beginning says."
    : "This is what the beginning of a large or broken body says. The tabs “Request” and “Response” can load all of it.";
}
