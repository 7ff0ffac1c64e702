import { expect, it } from "vitest";
import { firstText, withPast, type Past } from "./memory";

const draft = { text: "SELECT 2", base: "SELECT 1", revision: 0 };

it("a draft comes back on reload, and another link's text goes before it", () => {
  expect(firstText("SELECT 1", draft, "")).toEqual({ text: "SELECT 2", isDraft: true });
  expect(firstText("", draft, "SELECT 0")).toEqual({ text: "SELECT 2", isDraft: true });
  expect(firstText("SELECT 3", draft, "")).toEqual({ text: "SELECT 3", isDraft: false });
  expect(firstText("", null, "SELECT 0")).toEqual({ text: "SELECT 0", isDraft: false });
});

it("the history has a text once, the last one first, and an end", () => {
  const past = (sql: string, at: number): Past => ({ sql, at, rows: 1, ms: 1 });
  let history: Past[] = [];
  for (let at = 0; at < 70; at++) history = withPast(history, past(`SELECT ${at % 65}`, at));
  expect(history.length).toBe(60);
  expect(history[0]).toEqual(past("SELECT 4", 69));
  expect(new Set(history.map((each) => each.sql)).size).toBe(60);
});
