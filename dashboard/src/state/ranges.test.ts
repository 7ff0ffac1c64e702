import { expect, it } from "vitest";
import { wider } from "./ranges";

it("the next longer range is offered", () => {
  expect(wider({ since: "15m", until: "" })?.since).toBe("24h");
  expect(wider({ since: "24h", until: "" })?.since).toBe("7d");
  expect(wider({ since: "2026-01-01T00:00:00Z", until: "2026-01-20T00:00:00Z" })?.since).toBe("30d");
  expect(wider({ since: "365d", until: "" })).toBeUndefined();
});
