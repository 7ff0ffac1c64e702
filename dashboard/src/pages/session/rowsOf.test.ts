import { describe, expect, it } from "vitest";
import type { Branch } from "@/api/sessions";
import { allPaths, flatSegments, pathsAbove, rowCount, rowOfCall, segmentAt, segmentsOf, type Segment } from "./rowsOf";

function branch(path: string, own: number, children: Branch[] = [], more = 0): Branch {
  const calls = own + children.reduce((sum, child) => sum + child.calls, 0);
  return {
    path, own_calls: own, calls, children, child_count: children.length + more, busy_ms: 0, cost: null, start_ms: 0, end_ms: 0, errors: 0, input_tokens: 0, output_tokens: 0, unknown_cost_calls: 0,
  };
}

const TREE = branch("/", 1, [branch("/plan", 2, [branch("/plan/search", 30_000), branch("/plan/read", 1)]), branch("/a", 0, [branch("/a/b", 0, [branch("/a/b/c", 3)])])]);

function shown(segments: Segment[]): string[] {
  return segments.map((each) => `${"  ".repeat(each.depth)}${each.first} ${each.kind === "branch" ? `${each.name}${each.open ? "" : " …"}` : each.kind === "calls" ? `${each.count} of ${each.path}` : `${each.missing} more`}`);
}

describe("segmentsOf", () => {
  it("has a branch's own calls before its branches, and joins what stands alone", () => {
    expect(shown(segmentsOf(TREE, new Set()))).toEqual([
      "0 1 of /", "1 plan", "  2 2 of /plan", "  4 search", "    5 30000 of /plan/search", "  30005 read", "    30006 1 of /plan/read", "30007 a/b/c", "  30008 3 of /a/b/c",
    ]);
  });

  it("leaves out what is folded", () => {
    expect(shown(segmentsOf(TREE, new Set(["/plan", "/a/b/c"])))).toEqual(["0 1 of /", "1 plan …", "2 a/b/c …"]);
  });

  it("says how many branches an answer left out", () => {
    expect(shown(segmentsOf(branch("/", 0, [branch("/x", 1)], 40), new Set()))).toEqual(["0 x", "  1 1 of /x", "2 40 more"]);
  });

  it("is not deeper than the stack", () => {
    let deep = branch("/x", 1);
    for (let at = 0; at < 20_000; at++) deep = branch("/x", 1, [deep]);
    expect(rowCount(segmentsOf(branch("/", 0, [deep]), new Set()))).toBe(40_002);
  });
});

describe("rows", () => {
  const segments = segmentsOf(TREE, new Set());
  it("are found by their number", () => {
    expect(rowCount(segments)).toBe(30_011);
    expect(segmentAt(segments, 3)).toMatchObject({ kind: "calls", path: "/plan" });
    expect(segmentAt(segments, 4)).toMatchObject({ kind: "branch", name: "search" });
    expect(segmentAt(segments, 30_004)).toMatchObject({ path: "/plan/search" });
    expect(segmentAt(segments, 30_011)).toBeUndefined();
    expect(segmentAt([], 0)).toBeUndefined();
  });
  it("are found by path and place", () => {
    expect(rowOfCall(segments, "/plan/search", 29_999)).toBe(30_004);
    expect(rowOfCall(segments, "/plan/search", 30_000)).toBe(-1);
    expect(rowOfCall(segmentsOf(TREE, new Set(["/plan"])), "/plan/search", 0)).toBe(-1);
  });
  it("of a list without a tree are one segment", () => expect(shown(flatSegments(7))).toEqual(["0 7 of /"]));
});

it("paths are listed", () => {
  expect(pathsAbove("/a/b/c")).toEqual(["/a", "/a/b", "/a/b/c"]);
  expect(pathsAbove("/")).toEqual([]);
  expect(allPaths(TREE).sort()).toEqual(["/a", "/a/b", "/a/b/c", "/plan", "/plan/read", "/plan/search"]);
});
