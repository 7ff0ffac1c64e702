import type { Event } from "@/api/requests";

export interface Stretch {
  label: string;
  note: string;
  fromMs: number;
  toMs: number;
  /** A token of the theme. */
  color: string;
}

type Timed = Pick<Event, "attempts" | "latency_ms" | "sent_ms" | "first_byte_ms" | "ttft_ms" | "cached">;

/** The stretches of a call in their order, and its whole time: never 0, so that shares can be taken of it. */
export function timelineOf(call: Timed): { stretches: Stretch[]; wholeMs: number } {
  const { attempts } = call;
  const wholeMs = Math.max(call.latency_ms ?? 0, ...attempts.map((each) => each.ended_us / 1000), 0.001);
  const stretches: Stretch[] = [];
  const add = (label: string, fromMs: number, toMs: number, color: string, note = "") => {
    if (toMs > fromMs) stretches.push({ label, note, fromMs, toMs, color });
  };
  const first = attempts[0] ? attempts[0].started_us / 1000 : (call.sent_ms ?? call.first_byte_ms ?? call.latency_ms ?? 0);
  if (call.cached && !attempts.length) {
    add("Cache", 0, first, "--c3", "found the stored response");
    add("Response", first, call.latency_ms ?? first, "--c1", "from the cache");
    return { stretches, wholeMs };
  }
  add("Limits, cache, prompt", 0, first, "--c3", "in the gateway");
  const winner = winnerOf(attempts);
  attempts.forEach((each, index) => {
    const from = each.started_us / 1000;
    const before = attempts[index - 1];
    if (index > 0 && each.waited_us > 0 && each.waited_us !== before?.waited_us) add("Backoff", from - each.waited_us / 1000, from, "--c7");
    const name = attempts.length > 1 ? `Attempt ${index + 1}` : "";
    const where = [each.provider, each.model].filter(Boolean).join(" ");
    if (index !== winner) {
      const isHedge = each.error === "hedge_lost";
      const why = isHedge ? "hedge, was slower" : each.error || (each.status ? String(each.status) : "no response");
      add(name || "Provider", from, (each.ended_us < 0 ? wholeMs * 1000 : each.ended_us) / 1000, isHedge ? "--c7" : "--bad", [where, why].filter(Boolean).join(": "));
      return;
    }
    const sent = Math.max(from, call.sent_ms ?? from);
    const firstByte = Math.max(sent, call.first_byte_ms ?? call.latency_ms ?? sent);
    const firstToken = Math.max(firstByte, call.ttft_ms ?? firstByte);
    // a connection that was there already takes next to nothing
    if (sent - from >= 0.1) add(name ? `${name}, connect` : "Connect, send", from, sent, "--c2");
    add(name ? `${name}, first byte` : "First byte", sent, firstByte, "--c5", where);
    add("First token", firstByte, firstToken, "--c4");
    add(call.ttft_ms == null ? "Rest of the response" : "Tokens", firstToken, call.latency_ms ?? firstToken, "--c1");
  });
  if (!attempts.length) {
    const firstByte = Math.max(first, call.first_byte_ms ?? first);
    add("First byte", first, firstByte, "--c5");
    add("Response", firstByte, call.latency_ms ?? firstByte, "--c1");
  }
  return { stretches, wholeMs };
}

/** The attempt whose answer the caller got: the last that has a good status; -1 where all failed. */
function winnerOf(attempts: Timed["attempts"]): number {
  return attempts.findLastIndex((each) => each.error === "" && each.status > 0 && each.status < 400);
}

/** Output tokens a second while tokens came. Null where that is not known, or the time too short to say. */
export function tokensPerSecond(call: Pick<Event, "output_tokens" | "latency_ms" | "ttft_ms" | "streamed" | "cached">): number | null {
  if (call.output_tokens == null || call.latency_ms == null || call.cached || !call.streamed || call.ttft_ms == null) return null;
  const ms = call.latency_ms - call.ttft_ms;
  return ms >= 20 && call.output_tokens > 1 ? (call.output_tokens * 1000) / ms : null;
}

/** Milliseconds that the gateway itself took until the request was sent: failed attempts at a provider are not its own. */
export function gatewayMs(call: Pick<Event, "attempts" | "sent_ms">): number | null {
  if (call.sent_ms == null) return null;
  const winner = winnerOf(call.attempts);
  const before = call.attempts.slice(0, Math.max(0, winner)).filter((each) => each.error !== "hedge_lost" && each.ended_us / 1000 <= call.sent_ms!);
  return Math.max(0, call.sent_ms - before.reduce((sum, each) => sum + (each.ended_us - each.started_us) / 1000, 0));
}
