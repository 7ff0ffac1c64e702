import { expect, it } from "vitest";
import { parseSearch, stringifySearch } from "./url";

it("params are text, whatever they look like", () => {
  const search = { q: 'status>=400 "refund policy" user:ada@x.org', since: "2026", call: "1e5", zone: "utc" };
  expect(parseSearch(stringifySearch(search))).toEqual(search);
});

it("a link is short and readable", () => {
  expect(stringifySearch({ q: "user:ada model:gpt-4o", until: "", tab: undefined, since: "7d" })).toBe("?q=user:ada+model:gpt-4o&since=7d");
  expect(stringifySearch({ q: "", since: "" })).toBe("");
});

it("signs with a meaning in URLs survive", () => {
  const search = { q: "a&b=c#d+e%20?" };
  expect(parseSearch(stringifySearch(search))).toEqual(search);
});
