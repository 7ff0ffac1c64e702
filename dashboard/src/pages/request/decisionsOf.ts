import type { Event } from "@/api/requests";
import { duration, moneyOfNano } from "@/format/numbers";

/** One thing that the gateway decided, in words. */
export interface Decision {
  text: string;
  tone: "ok" | "warn" | "bad" | "";
  /** The call that it refers to. */
  call?: string;
}

type Decided = Pick<Event, "facts" | "attempts" | "outcome" | "cut" | "drained" | "usage_source" | "model_asked" | "model" | "model_override" | "saved_nanousd" | "saved_ms" | "truncated" | "prompt_id" | "prompt_version">;

const UNITS: Record<string, string> = { request: "requests", cents: "US cents", token: "tokens", tokens: "tokens" };

/** A policy such as `60;w=3600;s=user` in words. */
export function policyInWords(text: string): string {
  const [amount = "", ...rest] = text.split(";");
  const values = Object.fromEntries(rest.map((each) => each.split("=").map((part) => part.trim()) as [string, string]));
  const seconds = Number(values["w"]);
  if (!amount || !Number.isFinite(seconds)) return text;
  const unit = UNITS[values["u"] ?? "request"] ?? values["u"] ?? "requests";
  const window = seconds % 86_400 === 0 ? `${seconds / 86_400} d` : seconds % 3600 === 0 ? `${seconds / 3600} h` : seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
  return `${amount} ${unit} in ${window}${values["s"] ? ` for each ${values["s"]}` : ""}`;
}

/** What the gateway decided about a call: cache, limits, retries, fallbacks, hedges, the stream's end. */
export function decisionsOf(call: Decided): Decision[] {
  const facts = call.facts as Record<string, unknown>;
  const found: Decision[] = [];
  const say = (text: string, tone: Decision["tone"] = "", other = "") => found.push(other ? { text, tone, call: other } : { text, tone });
  const number = (name: string) => (typeof facts[name] === "number" ? facts[name] : null);
  const text = (name: string) => (typeof facts[name] === "string" ? facts[name] : "");
  if (facts["cache.status"] === "hit") {
    const age = number("cache.age_s");
    say(
      facts["cache.kind"] === "joined"
        ? "Cache: joined an equal call that was already on its way"
        : `Cache: served a stored response${age === null ? "" : `, ${age < 90 ? `${age} s` : age < 5400 ? `${Math.round(age / 60)} min` : `${Math.round(age / 3600)} h`} old`}`,
      "ok",
      text("cache.source"),
    );
    if (call.saved_ms != null && call.saved_ms > 0) say(`Cache: saved ${duration(call.saved_ms)}${call.saved_nanousd == null ? "" : ` and ${moneyOfNano(call.saved_nanousd)}`}`, "ok");
  } else if (facts["cache.status"] === "miss") say("Cache: no stored response, so the provider was asked");
  else if (facts["cache.status"] === "skipped") say("Cache: this kind of request is not cached");
  if (facts["cache.degraded"]) say("Cache: its shared store did not answer", "warn");
  if (text("rate.refused")) say(`Limit: refused, above ${policyInWords(text("rate.refused"))}`, "bad");
  if (text("rate.policy")) say(`Limit: ${policyInWords(text("rate.policy"))}${number("rate.remaining") === null ? "" : `, ${number("rate.remaining")!.toLocaleString("en")} left`}`);
  if (facts["rate.estimated"]) say("Limit: charged by an estimate, since no usage was reported", "warn");
  if (facts["rate.unpriced"]) say("Limit: not charged, since no price is known", "warn");
  if (facts["rate.degraded"]) say(`Limit: its shared store did not answer, so the call was ${facts["rate.degraded"] === "deny" ? "refused" : "let through"}`, "warn");
  const retries = number("retry.count");
  if (retries) say(`Retried ${retries === 1 ? "once" : `${retries} times`}`, "warn");
  const index = number("fallback.index");
  if (index) say(`Fallback ${index} answered${text("fallback.model") ? `, model ${text("fallback.model")}` : ""}`, "warn");
  if (number("hedge.winner") !== null) {
    const lost = number("hedge.lost_nanousd");
    say(`Hedge: the ${facts["hedge.winner"] === 1 ? "second" : "first"} request was faster${lost ? `; the other one may have cost up to ${moneyOfNano(lost)}` : ""}`);
  }
  if (call.model_override) say(`Model: counted as ${call.model_override}, as the caller asked`);
  if (facts["stream.usage_added"]) say("Stream: usage was requested for the caller, and taken out of the response again");
  if (call.cut) say(`Stream: ended early by the ${call.cut === "upstream" ? "provider" : call.cut}${call.drained ? "; the gateway read on for the usage" : ""}`, call.cut === "client" ? "warn" : "bad");
  if (call.truncated) say("Log: a body was above log.max_body, and its middle is left out", "warn");
  return found.concat(others(facts));
}

const KNOWN = new Set([
  "cache.status", "cache.kind", "cache.source", "cache.age_s", "cache.latency_ms", "cache.degraded", "rate.refused", "rate.policy", "rate.remaining", "rate.estimated",
  "rate.unpriced", "rate.degraded", "retry.count", "fallback.index", "fallback.model", "hedge.winner", "hedge.lost_nanousd", "stream.usage_added",
]);

/** Facts that this page knows no words for. */
function others(facts: Record<string, unknown>): Decision[] {
  return Object.entries(facts)
    .filter(([name]) => !KNOWN.has(name))
    .map(([name, value]) => ({ text: `${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`.slice(0, 300), tone: "" }));
}
