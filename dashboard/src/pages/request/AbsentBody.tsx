import { useBodySizes } from "@/api/requests";
import { Empty } from "@/components/States";
import { bytes } from "@/format/numbers";
import { useCallDocuments } from "./worker/CallDocuments";
import type { Part } from "./worker/protocol";

/** Why the log has no such body. */
export function AbsentBody({ part }: { part: Part }) {
  const { call } = useCallDocuments();
  const sizes = useBodySizes(call.id, call.start).data;
  const isResponse = part === "response";
  const omitted = isResponse ? (sizes?.response_omitted ?? call.response_omitted) : (sizes?.request_omitted ?? call.request_omitted);
  const size = isResponse ? call.response_size : call.request_size;
  const what = isResponse ? "response" : "request";
  if (call.request_omitted && call.response_omitted) {
    return <Empty title="The bodies of this call are not stored">The caller asked for that with Helicone-Omit-Request and Helicone-Omit-Response. They were read for tokens and cost, and dropped.</Empty>;
  }
  if (omitted) {
    return (
      <Empty title={`The ${what} is not stored`}>
        The caller asked for that with Helicone-Omit-{isResponse ? "Response" : "Request"}. Its {bytes(size)} were read for tokens and cost, and dropped.
      </Empty>
    );
  }
  if (!size) return <Empty title={`This call had no ${what}${isResponse ? "" : " body"}`}>{isResponse && call.error_message ? call.error_message : ""}</Empty>;
  if (Date.now() - Date.parse(call.start) < 60_000) return <Empty title={`The ${what} is on its way to the log`}>Bodies arrive about a second after a call ended. This page looks again by itself.</Empty>;
  return (
    <Empty title={`The ${what} is no longer stored`}>
      Its {bytes(size)} were deleted: bodies of this age are not kept (setting log.body_ttl_days). Tokens, cost and times stay.
    </Empty>
  );
}
