import { expect, it } from "vitest";
import { readPolicies, readPolicy, shortWordsOf, standingsOf, wordsOf, type CountedCall } from "./policies";

it.each([
  ["100;w=60", "100 calls a minute"],
  ["100;w=60;u=request;s=user", "100 calls a minute for each user"],
  ["5000;w=86400;u=cents", "$50.00 a day"],
  ["20;w=60;u=concurrent", "20 calls at a time"],
  ["1000000;w=7200;u=tokens;s=Feature", "1,000,000 tokens in 2 hours for each Feature"],
  ["3;w=90;u=user", "3 calls in 90 seconds for each user"],
])("%s is %s", (text, words) => expect(wordsOf(readPolicy(text)!)).toBe(words));

it("a legend has it shorter", () => expect(shortWordsOf(readPolicy("2;w=3600;u=user")!)).toBe("2 calls an hour · user"));

it("what is no policy is left out", () => {
  expect(readPolicies("100;w=60, 5;w=1")).toHaveLength(2);
  expect(["", "x;w=60", "100", "100;w=0"].map(readPolicy)).toEqual([null, null, null, null]);
});

const call = (more: Partial<CountedCall>): CountedCall => ({
  id: "1", start: "2026-01-01T00:00:30Z", key: "", user_id: "ada", properties: {}, limit_policy: "10;w=60;u=request;s=user", limit_refused: "", limit_remaining: 4, ...more,
});
const now = Date.parse("2026-01-01T00:01:00Z");

it("a bucket stands where its newest call left it, the fullest first", () => {
  const found = standingsOf([call({}), call({ id: "older", limit_remaining: 9 }), call({ user_id: "eve", limit_refused: "10;w=60;u=request;s=user" })], now);
  expect(found.map((each) => [each.whose, each.used, each.refused])).toEqual([["eve", 1, true], ["ada", 0.6, false]]);
});

it("is free again when its window has passed", () => {
  const [found] = standingsOf([call({ start: "2025-12-31T23:59:00Z" })], now);
  expect([found!.over, found!.used]).toEqual([true, 0]);
});

it("counts by the property of its segment", () => {
  const [found] = standingsOf([call({ limit_policy: "10;w=60;s=Feature", properties: { feature: "search" } })], now);
  expect(found!.whose).toBe("search");
});
