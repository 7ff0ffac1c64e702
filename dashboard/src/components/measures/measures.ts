/** Names of measures and dimensions for people. */

const PLAIN: Record<string, string> = {
  calls: "Requests", errors: "Errors", error_rate: "Error rate", cost: "Cost", avg_cost: "Average cost", unknown_cost_calls: "Requests without a price",
  saved_cost: "Saved by cache", saved_time: "Time saved by cache", tokens: "Tokens", input_tokens: "Input tokens", output_tokens: "Output tokens",
  cached_input_tokens: "Cached input tokens", cache_write_tokens: "Tokens written to the cache", reasoning_tokens: "Reasoning tokens", cache_hits: "Cache hits",
  cache_lookups: "Cache lookups", cache_hit_rate: "Cache hit rate", users: "Users", sessions: "Sessions", limit_refusals: "Refused by limits", retries: "Retries",
  fallbacks: "Answered by a fallback", request_bytes: "Bytes of requests", response_bytes: "Bytes of responses", feedback: "Rated requests",
  good_feedback: "Good ratings", bad_feedback: "Bad ratings", feedback_rate: "Share of good ratings", avg_rating: "Average rating",
  latency: "Latency", ttft: "First token", gateway_time: "Time in the gateway", tokens_per_second: "Tokens per second",
};
const LEVELS: Record<string, string> = { avg: "Average", min: "Lowest", max: "Highest" };
const FAMILIES: Record<string, string> = { score: "Score", score_rate: "Share of good", score_count: "Scored", score_min: "Lowest", score_max: "Highest", cost: "Cost of" };

/** "P95 latency" of `p95_latency`; a name that is not known as it is. */
export function measureName(name: string): string {
  const plain = Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined;
  if (plain) return plain;
  const level = /^(p\d+|avg|min|max)_(.+)$/.exec(name);
  if (level && Object.hasOwn(PLAIN, level[2]!)) return `${LEVELS[level[1]!] ?? level[1]!.toUpperCase()} ${lower(PLAIN[level[2]!]!)}`;
  const family = /^(\w+)\.(.+)$/.exec(name);
  if (family && Object.hasOwn(FAMILIES, family[1]!)) return `${FAMILIES[family[1]!]} ${family[2]!.replaceAll("_", " ")}`;
  return name;
}

export function dimensionName(name: string): string {
  return name.startsWith("property.") ? name.slice("property.".length) : name.replaceAll("_", " ");
}

function lower(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/** The title of a tile that has none of its own. */
export function titleOf(tile: { title: string; measures: string[]; dimensions: string[] }): string {
  if (tile.title) return tile.title;
  const names = tile.measures.map((each, index) => (index ? lower(measureName(each)) : measureName(each)));
  const shown = names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");
  return `${shown || "Nothing yet"}${tile.dimensions.length ? ` by ${tile.dimensions.map(dimensionName).join(" and ")}` : ""}`;
}

const GROUPS: [heading: string, fits: (name: string, unit: string) => boolean][] = [
  ["Requests and errors", (name) => /^(calls|errors|error_rate|limit_refusals|retries|fallbacks)$/.test(name)],
  ["Money", (_, unit) => unit === "USD"],
  ["Tokens", (_, unit) => unit === "tokens"],
  ["Latency", (name) => /_latency$/.test(name)],
  ["First token", (name) => /_ttft$/.test(name)],
  ["Speed", (name) => /_tokens_per_second$/.test(name)],
  ["Time in the gateway", (name) => /_gateway_time$/.test(name)],
  ["Cache", (name) => /^(cache_|saved_)/.test(name)],
  ["Who", (name) => /^(users|sessions)$/.test(name)],
  ["Feedback and scores", (name) => /feedback|rating|score/.test(name)],
];

/** The heading that a measure stands below in a menu. */
export function measureGroup(name: string, unit: string): string {
  return GROUPS.find(([, fits]) => fits(name, unit))?.[0] ?? "Other";
}
