import { describe, expect, it } from "vitest";
import { timelineOf } from "./timelineOf";

const attempt = { provider: "openai", host: "api", model: "m", status: 200, error: "", waited_us: 0 };

describe("timelineOf", () => {
  it("shows a streamed call up to its first byte, first token and end", () => {
    const { stretches, wholeMs } = timelineOf({ attempts: [{ ...attempt, started_us: 300, ended_us: 900_000 }], latency_ms: 900, sent_ms: 0.3, first_byte_ms: 200, ttft_ms: 250, cached: false });
    expect(wholeMs).toBe(900);
    expect(stretches.map((each) => [each.label, each.fromMs, each.toMs])).toEqual([
      ["Gateway", 0, 0.3],
      ["Provider, first byte", 0.3, 200],
      ["First token", 200, 250],
      ["Response", 250, 900],
    ]);
  });

  it("shows failed attempts in their own colour, and the backoff between", () => {
    const attempts = [
      { ...attempt, status: 500, started_us: 0, ended_us: 100_000 },
      { ...attempt, started_us: 300_000, ended_us: 500_000, waited_us: 200_000 },
    ];
    const { stretches } = timelineOf({ attempts, latency_ms: 500, sent_ms: 300, first_byte_ms: 400, ttft_ms: null, cached: false });
    expect(stretches.map((each) => each.label)).toEqual(["Attempt 1", "Backoff", "Attempt 2, first byte", "Response"]);
    expect(stretches[0]!.color).toBe("--bad");
  });

  it("has a time above zero for a call without any", () => {
    expect(timelineOf({ attempts: [], latency_ms: null, sent_ms: null, first_byte_ms: null, ttft_ms: null, cached: false }).wholeMs).toBeGreaterThan(0);
  });
});
