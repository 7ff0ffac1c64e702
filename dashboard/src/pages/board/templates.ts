import { newTile, type Board, type Tile, type TileType } from "./content";

export interface Template {
  id: string;
  name: string;
  about: string;
  board: Board;
}

function tile(type: TileType, [x, y, w, h]: [number, number, number, number], measures: string[], more: Partial<Tile> = {}): Tile {
  return newTile(type, { id: `${measures[0]}-${x}-${y}`, x, y, w, h, measures, ...more });
}

/** Ready boards. They can be looked at as they are, and saved as one's own. */
export const TEMPLATES: Template[] = [
  {
    id: "spend",
    name: "Spend",
    about: "Where the money goes: by model, user, feature and key, with what the cache saved.",
    board: {
      note: "Where the money goes, and what the cache saved.",
      q: "",
      since: "7d",
      until: "",
      tiles: [
        tile("number", [0, 0, 3, 2], ["cost"]),
        tile("number", [3, 0, 3, 2], ["avg_cost"], { title: "Cost per request" }),
        tile("number", [6, 0, 3, 2], ["saved_cost"], { title: "Saved by cache" }),
        tile("number", [9, 0, 3, 2], ["unknown_cost_calls"], { title: "Requests without a price" }),
        tile("area", [0, 2, 8, 5], ["cost"], { dimensions: ["model"] }),
        tile("list", [8, 2, 4, 5], ["cost"], { dimensions: ["user"] }),
        tile("area", [0, 7, 6, 5], ["cost"], { dimensions: ["property.feature"] }),
        tile("line", [6, 7, 6, 5], ["input_tokens", "cached_input_tokens", "output_tokens"], { title: "Tokens" }),
        tile("table", [0, 12, 12, 5], ["calls", "cost", "avg_cost", "tokens", "cache_hit_rate"], { title: "Models", dimensions: ["model", "provider"], top: 20 }),
      ],
    },
  },
  {
    id: "reliability",
    name: "Reliability",
    about: "Errors by whose they are, latency and time to the first token, retries and fallbacks.",
    board: {
      note: "What fails, whose fault it is, and how long people wait.",
      q: "",
      since: "24h",
      until: "",
      tiles: [
        tile("number", [0, 0, 3, 2], ["error_rate"]),
        tile("number", [3, 0, 3, 2], ["p95_latency"]),
        tile("number", [6, 0, 3, 2], ["p95_ttft"]),
        tile("number", [9, 0, 3, 2], ["retries"]),
        tile("area", [0, 2, 6, 5], ["errors"], { title: "Errors by origin", dimensions: ["error_origin"], q: "failed:true" }),
        tile("line", [6, 2, 6, 5], ["p50_latency", "p95_latency", "p99_latency"], { title: "Latency" }),
        tile("list", [0, 7, 4, 5], ["errors"], { title: "Errors by kind", dimensions: ["error"], q: "failed:true" }),
        tile("heatmap", [4, 7, 8, 5], ["latency"], { title: "Latency of every request" }),
        tile("table", [0, 12, 12, 5], ["calls", "error_rate", "p50_latency", "p95_latency", "p95_ttft", "retries", "fallbacks"], { title: "Providers and models", dimensions: ["provider", "model"], top: 20 }),
      ],
    },
  },
  {
    id: "users",
    name: "Users",
    about: "Who uses it, how much and how well it works for them.",
    board: {
      note: "Who uses it, how much, and how well it works for them.",
      q: "",
      since: "7d",
      until: "",
      tiles: [
        tile("number", [0, 0, 3, 2], ["users"]),
        tile("number", [3, 0, 3, 2], ["sessions"]),
        tile("number", [6, 0, 3, 2], ["calls"]),
        tile("number", [9, 0, 3, 2], ["feedback_rate"], { title: "Good feedback" }),
        tile("bar", [0, 2, 6, 5], ["users"], { title: "Users over time" }),
        tile("area", [6, 2, 6, 5], ["calls"], { dimensions: ["user"] }),
        tile("list", [0, 7, 4, 5], ["cost"], { title: "Cost by user", dimensions: ["user"] }),
        tile("list", [4, 7, 4, 5], ["calls"], { title: "Requests by feature", dimensions: ["property.feature"] }),
        tile("list", [8, 7, 4, 5], ["errors"], { title: "Errors by user", dimensions: ["user"], q: "failed:true" }),
        tile("table", [0, 12, 12, 6], ["calls", "sessions", "tokens", "cost", "error_rate", "p95_latency"], { title: "Users", dimensions: ["user"], top: 50 }),
      ],
    },
  },
];
