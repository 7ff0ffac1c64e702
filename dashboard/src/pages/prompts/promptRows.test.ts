import { expect, it } from "vitest";
import type { Prompt, VersionRow } from "@/api/prompts";
import { joinFigures, search, sorted } from "./promptRows";

function prompt(id: string, labels: Record<string, number> = {}): Prompt {
  return { id, name: id === "greeting" ? "Say hello" : "", created_us: 0, archived_us: 0, newest: 2, labels };
}

function called(id: string, version: string, calls: number, cost: number | null, at: string): VersionRow {
  return { prompt: id, version, calls, errors: 1, cost, last_seen: at } as VersionRow;
}

const rows = joinFigures(
  [prompt("greeting", { production: 1 }), prompt("summary"), prompt("unused")],
  [called("greeting", "1", 3, 0.5, "2026-01-01"), called("greeting", "2", 4, null, "2026-01-03"), called("summary", "1", 9, null, "2026-01-02")],
  new Map([["greeting", 120]]),
);

it("adds up the versions of a prompt", () => {
  expect(rows.map((row) => [row.calls, row.errors, row.cost, row.p95, row.lastUsed])).toEqual([
    [7, 2, 0.5, 120, "2026-01-03"],
    [9, 1, null, null, "2026-01-02"],
    [0, 0, 0, null, ""],
  ]);
});

it("finds by id, name and environment", () => {
  expect(search(rows, "HELLO prod").map((row) => row.id)).toEqual(["greeting"]);
  expect(search(rows, "").length).toBe(3);
});

it("sorts, the unknown last", () => {
  expect(sorted(rows, { column: "calls", direction: "desc" }).map((row) => row.id)).toEqual(["summary", "greeting", "unused"]);
  expect(sorted(rows, { column: "cost", direction: "desc" }).map((row) => row.id)).toEqual(["greeting", "unused", "summary"]);
});
