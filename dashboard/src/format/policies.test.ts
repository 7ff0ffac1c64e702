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
  expect(found.map((each) => [each.whose, each.used, each.grade])).toEqual([["eve", 1, "over"], ["ada", 0.6, "below"]]);
});

it("is free again when its window has passed", () => {
  const [found] = standingsOf([call({ start: "2025-12-31T23:59:00Z" })], now);
  expect([found!.grade, found!.used]).toEqual(["free", 0]);
});

it("counts by the property of its segment", () => {
  const [found] = standingsOf([call({ limit_policy: "10;w=60;s=Feature", properties: { feature: "search" } })], now);
  expect(found!.whose).toBe("search");
});

it("those over their limit come first, then those near it; what is free again comes last", () => {
  const found = standingsOf(
    [
      call({ user_id: "near", limit_remaining: 2 }),
      call({ user_id: "full", limit_remaining: 0 }),
      call({ user_id: "over", limit_refused: "10;w=60;u=request;s=user" }),
      call({ user_id: "free", start: "2025-12-31T23:50:00Z" }),
      call({ user_id: "below", limit_remaining: 5 }),
    ],
    now,
  );
  expect(found.map((each) => `${each.whose} ${each.grade}`)).toEqual(["over over", "full near", "near near", "below below", "free free"]);
  expect(found[0]!.freeAt).toBe(Date.parse("2026-01-01T00:01:30Z"));
});
