import { expect, it } from "vitest";
import { safeNext } from "./next";

it("leads to a page of this origin only", () => {
  expect(["/requests?q=status>=400&open=1", "/", "/settings/keys#top"].map(safeNext)).toEqual(["/requests?q=status>=400&open=1", "/", "/settings/keys#top"]);
  const elsewhere = ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", null, undefined, "/\t/evil.example"];
  expect(elsewhere.map(safeNext)).toEqual(elsewhere.map(() => "/"));
});

it("never leads back to the login", () => expect(["/login", "/login?next=/", "/loginfo"].map(safeNext)).toEqual(["/", "/", "/loginfo"]));
