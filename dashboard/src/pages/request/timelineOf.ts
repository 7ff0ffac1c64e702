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
  const attempts = call.attempts;
  const last = attempts.at(-1);
  const wholeMs = Math.max(call.latency_ms ?? 0, ...attempts.map((each) => each.ended_us / 1000), 0.001);
  const stretches: Stretch[] = [];
  const add = (label: string, fromMs: number, toMs: number, color: string, note = "") => {
    if (toMs > fromMs) stretches.push({ label, note, fromMs, toMs, color });
  };
  add("Gateway", 0, attempts[0] ? attempts[0].started_us / 1000 : (call.sent_ms ?? 0), "--c3", call.cached ? "answered from the cache" : "limits, cache, prompt");
  attempts.forEach((each, index) => {
    const from = each.started_us / 1000;
    if (index > 0 && each.waited_us > 0) add("Backoff", from - each.waited_us / 1000, from, "--c7");
    const failed = each.error !== "" || each.status >= 400;
    const what = [each.provider, each.model].filter(Boolean).join(" ");
    const name = attempts.length > 1 ? `Attempt ${index + 1}` : "Provider";
    if (each !== last || failed) {
      add(name, from, (each.ended_us < 0 ? wholeMs * 1000 : each.ended_us) / 1000, failed ? "--bad" : "--c1", [what, each.error || (failed ? String(each.status) : "")].filter(Boolean).join(": "));
      return;
    }
    const firstByte = Math.max(from, call.first_byte_ms ?? call.latency_ms ?? from);
    add(`${name}, first byte`, from, firstByte, "--c5", what);
    const firstToken = Math.max(firstByte, call.ttft_ms ?? firstByte);
    add("First token", firstByte, firstToken, "--c4");
    add("Response", firstToken, call.latency_ms ?? firstToken, "--c1");
  });
  if (!attempts.length) add("Response", call.sent_ms ?? 0, call.latency_ms ?? 0, "--c1");
  return { stretches, wholeMs };
}
