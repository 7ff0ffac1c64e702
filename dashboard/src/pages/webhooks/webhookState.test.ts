import { describe, expect, it } from "vitest";
import { stateOf } from "./webhookState";

const WELL = { enabled: true, disabled_reason: "", attempts: 0, next_us: 0, behind_s: 0.2, error: "", status: 200 };

describe("the state of a webhook", () => {
  it("is up to date, or behind by so much", () => {
    expect(stateOf(WELL, 0)).toEqual({ word: "up to date", tone: "ok", more: "" });
    expect(stateOf({ ...WELL, behind_s: 125 }, 0)).toMatchObject({ word: "catching up", more: "2 min 5 s behind" });
    expect(stateOf({ ...WELL, behind_s: null }, 0).more).toBe("the log is not open");
  });

  it("says what failed, and when it is tried again", () => {
    const failing = { ...WELL, attempts: 3, status: 503, next_us: 40_000_000, behind_s: 3 };
    expect(stateOf(failing, 10_000)).toEqual({ word: "failing", tone: "bad", more: "answered 503, failed 3 times, next try in 30 s" });
    expect(stateOf({ ...failing, attempts: 1, status: 0, error: "refused" }, 50_000).more).toBe("refused, failed once, next try now");
  });

  it("is paused by somebody, or off by itself", () => {
    expect(stateOf({ ...WELL, enabled: false }, 0)).toMatchObject({ word: "paused", more: "nothing waits" });
    expect(stateOf({ ...WELL, enabled: false, disabled_reason: "it answered 410" }, 0)).toMatchObject({ word: "turned off by itself", more: "it answered 410" });
  });
});
