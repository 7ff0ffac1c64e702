/** From a tile to a question to the metrics API, and to the calls behind it. */

import type { Group, MetricsQuestion } from "@/api/metrics";
import { zoneName } from "@/format/times";
import { bucketOf } from "@/state/buckets";
import { addCondition, joinCondition, type Scope } from "@/state/search";
import type { Tile } from "./content";

/** The filter and range of a tile: the board's filter and its own; its own range, else the board's. */
export function scopeOfTile(tile: Tile, scope: Scope): Scope {
  const own = /\sOR\s/.test(tile.q) ? `(${tile.q})` : tile.q;
  const range = tile.since ? { since: tile.since, until: tile.until } : { since: scope.since, until: scope.until };
  return { q: joinCondition(scope.q, own), zone: scope.zone, ...range };
}

export const USUAL_TOP = { line: 5, area: 6, bar: 6, list: 8, table: 20, number: 0, heatmap: 0 } as const;

/** What a tile asks. `most` is how many buckets fit into it. */
export function questionOf(tile: Tile, scope: Scope, most: number): MetricsQuestion {
  const { q, since, until, zone } = scopeOfTile(tile, scope);
  const n = tile.top || USUAL_TOP[tile.type];
  const by = tile.measures[0] ?? "";
  const base: MetricsQuestion = { filter: q || null, since, until, zone: zoneName(zone), measures: tile.measures };
  const bucket = tile.bucket || bucketOf({ since, until }, most);
  switch (tile.type) {
    case "number":
      return { ...base, measures: tile.measures.slice(0, 1), compare: "previous", bucket: tile.bucket || bucketOf({ since, until }, 40) };
    case "list":
      return { ...base, measures: tile.measures.slice(0, 1), dimensions: tile.dimensions.slice(0, 1), compare: "previous", top: { n, by } };
    case "table":
      return { ...base, dimensions: tile.dimensions, ...(tile.dimensions.length ? { top: { n, by } } : {}) };
    default:
      return tile.dimensions.length
        ? { ...base, measures: tile.measures.slice(0, 1), dimensions: tile.dimensions, bucket, top: { n, by, other: tile.type !== "line" && isSum(by) } }
        : { ...base, bucket };
  }
}

/** Whether the measure of many groups is the sum of theirs, so that bars may be stacked. */
export function isSum(measure: string): boolean {
  return !/^(p\d+|avg|min|max)_|_rate$|_rate\.|^(users|sessions)$|^score/.test(measure);
}

const IMPLIED: Record<string, string> = {
  errors: "failed:true", cache_hits: "cached:true", saved_cost: "cached:true", saved_time: "cached:true", limit_refusals: "error_origin:limit",
  good_feedback: "feedback:good", bad_feedback: "feedback:bad", unknown_cost_calls: "cost_known:false",
};

/** The search params of the explorer for the calls behind a tile, one of its groups, or a bucket of it. */
export function explorerOf(tile: Tile, scope: Scope, group?: Group | null, range?: { since: string; until: string }): Record<string, unknown> {
  const { q, since, until, zone } = scopeOfTile(tile, scope);
  const measure = tile.measures.length === 1 ? tile.measures[0]! : "";
  let filter = joinCondition(q, Object.hasOwn(IMPLIED, measure) ? IMPLIED[measure]! : "");
  if (group && !group.other) for (const [column, value] of Object.entries(group.key)) filter = addCondition(filter, column, value as string | number | boolean | null);
  return { q: filter, zone, since: range?.since ?? since, until: range?.until ?? until, ...sortOf(tile.measures[0] ?? "") };
}

function sortOf(measure: string): { sort?: string } {
  const found = /^(?:p\d+|avg|max)_(latency|ttft|cost)$|^(cost|tokens|input_tokens|output_tokens)$/.exec(measure);
  const column = found?.[1] ?? found?.[2];
  return column ? { sort: `-${column === "latency" ? "latency_ms" : column === "ttft" ? "ttft_ms" : column}` } : {};
}

/** Measures that share the unit of the first, which one axis can show, and those that do not. */
export function byUnitOfFirst(tile: Tile, units: Record<string, string>): { drawn: string[]; left: string[] } {
  const unit = units[tile.measures[0] ?? ""];
  const drawn = tile.measures.filter((each) => units[each] === unit);
  return { drawn, left: tile.measures.filter((each) => units[each] !== unit) };
}
