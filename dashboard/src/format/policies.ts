/** A limit as the log names it: `100;w=60;u=request;s=user`. */
export interface Policy {
  text: string;
  limit: number;
  windowS: number;
  unit: string;
  segment: string;
}

export function readPolicy(text: string): Policy | null {
  const [limit, ...parts] = text.split(";").map((part) => part.trim());
  const given = Object.fromEntries(parts.map((part) => part.split("=", 2)).filter((pair) => pair.length === 2)) as Record<string, string>;
  const amount = Number(limit);
  const windowS = Number(given["w"]);
  if (!limit || !Number.isFinite(amount) || !(windowS > 0)) return null;
  const unit = given["u"] ?? "request";
  const short = unit === "user" || unit === "org";
  return { text, limit: amount, windowS, unit: short ? "request" : unit, segment: given["s"] ?? (unit === "user" ? "user" : "") };
}

/** Several limits are joined by commas. */
export function readPolicies(text: string): Policy[] {
  return text.split(",").map((part) => readPolicy(part)).filter((policy) => policy !== null);
}

/** 100 calls a minute for each user. */
export function wordsOf(policy: Policy): string {
  const each = policy.segment ? ` for each ${policy.segment === "user" ? "user" : policy.segment}` : "";
  if (policy.unit === "concurrent") return `${amountOf(policy.limit, "concurrent")} at a time${each}`;
  return `${amountOf(policy.limit, policy.unit)} ${windowOf(policy.windowS)}${each}`;
}

/** The same for a legend: 100 calls a minute · user. */
export function shortWordsOf(policy: Policy): string {
  return wordsOf(policy).replace(" for each ", " · ");
}

export function amountOf(amount: number, unit: string): string {
  const whole = (value: number) => value.toLocaleString("en", { maximumFractionDigits: 2 });
  if (unit === "cents") return `$${(amount / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 4 })}`;
  if (unit === "tokens") return `${whole(amount)} tokens`;
  return `${whole(amount)} ${amount === 1 ? "call" : "calls"}`;
}

const WINDOWS: [number, string][] = [[1, "a second"], [60, "a minute"], [3600, "an hour"], [86_400, "a day"], [604_800, "a week"], [2_592_000, "in 30 days"]];
const UNITS: [number, string][] = [[86_400, "days"], [3600, "hours"], [60, "minutes"], [1, "seconds"]];

function windowOf(seconds: number): string {
  const named = WINDOWS.find(([length]) => length === seconds);
  if (named) return named[1];
  const [length, unit] = UNITS.find(([each]) => seconds % each === 0) ?? [1, "seconds"];
  return `in ${seconds / length} ${unit}`;
}

/** What the log keeps of a call that a limit counted. */
export interface CountedCall {
  id: string;
  start: string;
  key: string;
  user_id: string;
  properties: Record<string, string>;
  limit_policy: string;
  limit_refused: string;
  limit_remaining: number | null;
}

/** How far a bucket was used at its newest call. */
export interface Standing {
  policy: Policy;
  /** Whose bucket: a user or the value of a property; empty for all calls. */
  whose: string;
  /** 0 to 1, when the newest call was made. */
  used: number;
  left: number;
  at: string;
  id: string;
  /** Over: its newest call was refused. Free: the whole window has passed since, all of it is there again. */
  grade: "over" | "near" | "below" | "free";
  /** When all of it is there again, in milliseconds since the epoch, if no call comes. */
  freeAt: number;
}

/** From this share on a bucket is near its limit. */
export const NEAR = 0.8;

const GRADES: Standing["grade"][] = ["over", "near", "below", "free"];

/** The buckets behind calls, newest call first; those over their limit first, then the fullest. */
export function standingsOf(calls: CountedCall[], now: number): Standing[] {
  const found = new Map<string, Standing>();
  for (const call of calls) {
    const policy = readPolicy(call.limit_refused || call.limit_policy);
    if (!policy) continue;
    const whose = policy.segment === "user" ? call.user_id : policy.segment ? (call.properties[policy.segment.toLowerCase()] ?? "") : "";
    const key = `${policy.text}\u0000${whose}`;
    if (found.has(key)) continue;
    const refused = call.limit_refused !== "";
    const left = refused ? 0 : Math.max(0, call.limit_remaining ?? policy.limit);
    const freeAt = Date.parse(call.start) + policy.windowS * 1000;
    const free = now > freeAt;
    const used = free ? 0 : Math.max(0, Math.min(1, 1 - left / policy.limit));
    found.set(key, { policy, whose, used, left, at: call.start, id: call.id, freeAt, grade: free ? "free" : refused ? "over" : used >= NEAR ? "near" : "below" });
  }
  const rank = (standing: Standing) => GRADES.indexOf(standing.grade);
  return [...found.values()].sort((one, other) => rank(one) - rank(other) || other.used - one.used || other.at.localeCompare(one.at));
}
