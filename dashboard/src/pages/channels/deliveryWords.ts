import type { Delivery } from "@/api/deliveries";

/** A delivery's state in a word or two, and how it is coloured. */
export function stateOf({ state, attempts, sending }: Pick<Delivery, "state" | "attempts" | "sending">): { word: string; tone?: "ok" | "warn" | "bad" } {
  if (state === "sent") return { word: "sent", tone: "ok" };
  if (state === "dead") return { word: "given up", tone: "bad" };
  if (sending) return { word: "sending" };
  return attempts ? { word: "tried, waiting", tone: "warn" } : { word: "waiting" };
}
