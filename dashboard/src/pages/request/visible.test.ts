import { expect, it } from "vitest";
import { isRecent, startOfId } from "./recent";
import { visible } from "./visible";

it("writes out what would hide or turn text round, and keeps the rest", () => {
  expect(visible("a\u202eb\u0000c\u001b[0m\n\té👍 שלום")).toBe("a\\u202eb\\u0000c\\u001b[0m\n\té👍 שלום");
});

it("knows from its id when a call began", () => {
  expect(new Date(startOfId("0197f0a1-7921-7bcc-8000-000000000000")).getUTCFullYear()).toBe(2025);
  expect(startOfId("not-an-id")).toBeNaN();
  expect(isRecent(Date.now() - 1000)).toBe(true);
  expect(isRecent("2020-01-01T00:00:00Z")).toBe(false);
});
