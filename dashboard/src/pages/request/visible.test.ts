import { expect, it } from "vitest";
import { isOnItsWay } from "@/api/requests";
import { visible } from "./visible";

it("writes out what would hide or turn text round, and keeps the rest", () => {
  expect(visible("a\u202eb\u0000c\u001b[0m\n\té👍 שלום")).toBe("a\\u202eb\\u0000c\\u001b[0m\n\té👍 שלום");
});

it("knows from its id whether a call may still be on its way", () => {
  const began = parseInt("0197f0a17921", 16);
  expect(isOnItsWay("0197f0a1-7921-7bcc-8000-000000000000", began + 5_000)).toBe(true);
  expect(isOnItsWay("0197f0a1-7921-7bcc-8000-000000000000", began + 120_000)).toBe(false);
  expect(isOnItsWay("not-an-id")).toBe(false);
});
