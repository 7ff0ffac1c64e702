import { expect, it } from "vitest";
import { matches, matchersFor } from "./matching";
import { explorerSearch } from "./rule";

it("matches as the control plane does", () => {
  const labels = { user: "ada", severity: "error" };
  expect(matches([{ label: "user", value: "ada" }], labels)).toBe(true);
  expect(matches([{ label: "user", op: "=~", value: "a.*" }, { label: "severity", op: "!=", value: "info" }], labels)).toBe(true);
  expect(matches([{ label: "user", op: "=~", value: "d" }], labels)).toBe(false);
  expect(matches([{ label: "model", value: "" }], labels)).toBe(true);
  expect(matches([{ label: "user", op: "=~", value: "(" }], labels)).toBeNull();
  expect(matchersFor("r1", { user: "ada" })).toHaveLength(2);
});

it("leads to the calls of a group's window", () => {
  const rule = { filter: "status>=400", window: "1h" };
  expect(explorerSearch(rule, { user: "ada", cached: "true" })).toEqual({ q: "status>=400 user:ada cached:true", since: "1h" });
  expect(explorerSearch(rule, { user: "" }, Date.UTC(2026, 10, 27, 12))).toEqual({ q: "status>=400 -user:*", since: "2026-11-27T11:00:00.000Z", until: "2026-11-27T12:00:00.000Z" });
  expect(explorerSearch({ filter: "", window: "month" }, {}, Date.UTC(2026, 10, 27)).since).toBe("2026-11-01T00:00:00.000Z");
});
