import { addCondition, joinCondition } from "@/state/search";

export interface ErrorGroup {
  error: string;
  provider: string;
  shape: string;
  origin: string;
}

/** The condition that picks the calls of a group. A group without a kind of error has its status or outcome as a name. */
export function groupFilter({ error, provider, shape, origin }: ErrorGroup): string {
  const kind = /^\d{3}$/.test(error) ? joinCondition("-error:*", `status:${error}`) : error === "success" ? "failed:true" : kindOrOutcome(error);
  let filter = joinCondition(kind, "failed:true");
  for (const [column, value] of [["provider", provider], ["error_shape", shape], ["error_origin", origin]] as const) filter = addCondition(filter, column, value);
  return filter;
}

function kindOrOutcome(error: string): string {
  return ["response_error", "identify", "read", "admit", "plan", "render", "send", "relay"].includes(error) ? addCondition("-error:*", "outcome", error) : addCondition("", "error", error);
}

/** The group that the URL has open; null where there is none, or nothing that fits. */
export function readGroup(text: unknown): ErrorGroup | null {
  try {
    const found: unknown = typeof text === "string" && text ? JSON.parse(text) : null;
    if (!Array.isArray(found) || found.length !== 4 || !found.every((each) => typeof each === "string")) return null;
    const [error, provider, shape, origin] = found as [string, string, string, string];
    return { error, provider, shape, origin };
  } catch {
    return null;
  }
}

export function writeGroup({ error, provider, shape, origin }: ErrorGroup): string {
  return JSON.stringify([error, provider, shape, origin]);
}

/** Whose failure it is, in words. */
export const ORIGINS: Record<string, { label: string; short: string; color: string; tone?: "bad" | "warn" }> = {
  provider: { label: "The provider's", short: "provider", color: "--bad", tone: "bad" },
  limit: { label: "Refused by your limits", short: "your limit", color: "--c6", tone: "warn" },
  gateway: { label: "Refused by the gateway", short: "gateway", color: "--c4" },
  client: { label: "The client left", short: "client left", color: "--c7" },
};
