import { describe, expect, it } from "vitest";
import type { Group } from "@/api/metrics";
import type { Scope } from "@/state/search";
import { newTile } from "./content";
import { measureGroup, measureName, titleOf } from "@/components/measures/measures";
import { byUnitOfFirst, explorerOf, isSum, questionOf, scopeOfTile } from "./question";

const scope: Scope = { q: "user:ada", since: "24h", until: "", zone: "utc" };

describe("a tile", () => {
  it("asks with the board's filter and its own", () => {
    const tile = newTile("line", { measures: ["cost"], q: "failed:true" });
    expect(questionOf(tile, scope, 96)).toEqual({ filter: "user:ada failed:true", since: "24h", until: "", zone: "UTC", measures: ["cost"], bucket: "15m" });
    expect(scopeOfTile(newTile("line", { q: "model:a OR model:b" }), { ...scope, q: "user:a OR user:b" }).q).toBe("(user:a OR user:b) (model:a OR model:b)");
  });
  it("has a range of its own where one is set", () => {
    const tile = newTile("number", { measures: ["cost"], since: "7d" });
    expect(questionOf(tile, { ...scope, until: "2026-01-01" }, 96)).toMatchObject({ since: "7d", until: "", compare: "previous" });
  });
  it("stacks others only of sums", () => {
    expect(questionOf(newTile("area", { measures: ["cost"], dimensions: ["model"] }), scope, 96).top).toEqual({ n: 6, by: "cost", other: true });
    expect(questionOf(newTile("bar", { measures: ["users"], dimensions: ["model"], top: 3 }), scope, 96).top).toEqual({ n: 3, by: "users", other: false });
    expect(["cost", "p95_latency", "error_rate", "score.x", "avg_cost"].map(isSum)).toEqual([true, false, false, false, false]);
  });
  it("asks a table for all measures and a list for one", () => {
    const more = { measures: ["cost", "calls"], dimensions: ["model", "user"] };
    expect(questionOf(newTile("table", more), scope, 9)).toMatchObject({ measures: ["cost", "calls"], dimensions: ["model", "user"], top: { n: 20, by: "cost" } });
    expect(questionOf(newTile("list", more), scope, 9)).toMatchObject({ measures: ["cost"], dimensions: ["model"], top: { n: 8, by: "cost" }, compare: "previous" });
  });
});

describe("the explorer behind a tile", () => {
  it("has its filter, what the measure counts, its range, and the order of the measure", () => {
    expect(explorerOf(newTile("number", { measures: ["errors"] }), scope)).toEqual({ q: "user:ada failed:true", zone: "utc", since: "24h", until: "" });
    expect(explorerOf(newTile("line", { measures: ["p95_latency", "p50_latency"], since: "7d" }), scope)).toEqual({ q: "user:ada", zone: "utc", since: "7d", until: "", sort: "-latency_ms" });
  });
  it("has the values of a group, and none for the others", () => {
    const tile = newTile("list", { measures: ["calls"], dimensions: ["model"] });
    expect(explorerOf(tile, scope, { key: { model: "gpt 4" }, other: false } as unknown as Group)["q"]).toBe('user:ada model:"gpt 4"');
    expect(explorerOf(tile, scope, { key: { model: null }, other: false } as unknown as Group)["q"]).toBe("user:ada -model:*");
    expect(explorerOf(tile, scope, { key: {}, other: true } as unknown as Group, { since: "a", until: "b" })).toMatchObject({ q: "user:ada", since: "a", until: "b" });
  });
});

it("one axis has one unit", () => {
  expect(byUnitOfFirst(newTile("line", { measures: ["a", "b", "c"] }), { a: "ms", b: "USD", c: "ms" })).toEqual({ drawn: ["a", "c"], left: ["b"] });
});

it("measures have names for people", () => {
  expect(["calls", "p95_latency", "avg_ttft", "max_tokens_per_second", "score.helpful", "cost.input_tokens", "new_one", "constructor"].map(measureName)).toEqual([
    "Requests", "P95 latency", "Average first token", "Highest tokens per second", "Score helpful", "Cost of input tokens", "new_one", "constructor",
  ]);
  expect(titleOf(newTile("line", { measures: ["cost", "calls"], dimensions: ["model", "property.team"] }))).toBe("Cost, requests by model and team");
  expect(titleOf(newTile("line", { measures: ["cost", "p95_latency"] }))).toBe("Cost, P95 latency");
  expect(titleOf(newTile("line", { title: "Mine", measures: ["cost"] }))).toBe("Mine");
  expect([measureGroup("p95_latency", "ms"), measureGroup("avg_cost", "USD"), measureGroup("request_bytes", "bytes")]).toEqual(["Latency", "Money", "Other"]);
});
