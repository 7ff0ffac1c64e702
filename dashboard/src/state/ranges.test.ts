import { expect, it } from "vitest";
import { describeSpan, moved, wider, zoomedOut } from "./ranges";

it("the next longer range is offered", () => {
  expect(wider({ since: "15m", until: "" })?.since).toBe("24h");
  expect(wider({ since: "24h", until: "" })?.since).toBe("7d");
  expect(wider({ since: "2026-01-01T00:00:00Z", until: "2026-01-20T00:00:00Z" })?.since).toBe("30d");
  expect(wider({ since: "365d", until: "" })).toBeUndefined();
});

it("a range moves and widens, but not beyond now", () => {
  const now = Date.parse("2026-11-27T12:00:00Z");
  const hour = { since: "2026-11-27T10:00:00.000Z", until: "2026-11-27T11:00:00.000Z" };
  expect(moved(hour, -1, now)).toEqual({ since: "2026-11-27T09:00:00.000Z", until: "2026-11-27T10:00:00.000Z" });
  expect(moved(hour, 1, now)).toEqual({ since: "2026-11-27T11:00:00.000Z", until: "" });
  expect(zoomedOut(hour, now)).toEqual({ since: "2026-11-27T09:30:00.000Z", until: "2026-11-27T11:30:00.000Z" });
  expect(zoomedOut({ since: "1h", until: "" }, now)).toEqual({ since: "2026-11-27T10:00:00.000Z", until: "" });
  expect(moved({ since: "foo", until: "" }, 1, now)).toBeNull();
});

it("a length is told in two units", () => {
  expect(describeSpan(86_400_000 * 2 + 3_600_000 * 3 + 5)).toBe("2 days 3 hours");
  expect(describeSpan(3_600_000)).toBe("1 hour");
});
