import type { Webhook } from "@/api/webhooks";
import { duration } from "@/format/numbers";
import { ahead } from "@/format/times";

export interface WebhookState {
  word: string;
  tone?: "ok" | "warn" | "bad";
  /** What else there is to say. */
  more: string;
}

/** Calls that arrive are sent after a moment: shorter than this is up to date. */
const CLOSE_S = 30;

/** How a webhook is, in words. `now` in milliseconds. */
export function stateOf(webhook: Pick<Webhook, "enabled" | "disabled_reason" | "attempts" | "next_us" | "behind_s" | "error" | "status">, now: number): WebhookState {
  const behind = webhook.behind_s === null ? "the log is not open" : webhook.behind_s > CLOSE_S ? `${duration(webhook.behind_s * 1000)} behind` : "";
  if (webhook.disabled_reason) return { word: "turned off by itself", tone: "bad", more: webhook.disabled_reason };
  if (!webhook.enabled) return { word: "paused", tone: "warn", more: behind || "nothing waits" };
  if (webhook.attempts) {
    const wait = webhook.next_us / 1000 - now;
    const answer = webhook.status ? `answered ${webhook.status}` : webhook.error || "no answer";
    return { word: "failing", tone: "bad", more: [answer, `failed ${webhook.attempts === 1 ? "once" : `${webhook.attempts} times`}`, wait > 1000 ? `next try ${ahead(new Date(webhook.next_us / 1000), new Date(now))}` : "next try now", behind].filter(Boolean).join(", ") };
  }
  return behind ? { word: "catching up", tone: "warn", more: behind } : { word: "up to date", tone: "ok", more: "" };
}
