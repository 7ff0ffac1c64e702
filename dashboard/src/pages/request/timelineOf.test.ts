import { describe, expect, it } from "vitest";
import { gatewayMs, timelineOf, tokensPerSecond } from "./timelineOf";

const attempt = { provider: "openai", host: "api", model: "m", status: 200, error: "", waited_us: 0 };
const labels = (call: Parameters<typeof timelineOf>[0]) => timelineOf(call).stretches.map((each) => each.label);

describe("timelineOf", () => {
  it("shows a streamed call up to its first byte, first token and end", () => {
    const { stretches, wholeMs } = timelineOf({ attempts: [{ ...attempt, started_us: 300, ended_us: 900_000 }], latency_ms: 900, sent_ms: 10.3, first_byte_ms: 200, ttft_ms: 250, cached: false });
    expect(wholeMs).toBe(900);
    expect(stretches.map((each) => [each.label, each.fromMs, each.toMs])).toEqual([
      ["Limits, cache, prompt", 0, 0.3],
      ["Connect, send", 0.3, 10.3],
      ["First byte", 10.3, 200],
      ["First token", 200, 250],
      ["Tokens", 250, 900],
    ]);
  });

  it("shows failed attempts in their own colour, and the backoff between", () => {
    const attempts = [
      { ...attempt, status: 500, started_us: 0, ended_us: 100_000 },
      { ...attempt, started_us: 300_000, ended_us: 500_000, waited_us: 200_000 },
    ];
    const call = { attempts, latency_ms: 500, sent_ms: 300, first_byte_ms: 400, ttft_ms: null, cached: false };
    expect(labels(call)).toEqual(["Attempt 1", "Backoff", "Attempt 2, first byte", "Rest of the response"]);
    expect(timelineOf(call).stretches[0]!.color).toBe("--bad");
  });

  it("shows a hedge that lost beside the attempt that won, whichever came first", () => {
    const attempts = [
      { ...attempt, started_us: 0, ended_us: 400_000 },
      { ...attempt, status: 0, error: "hedge_lost", started_us: 200_000, ended_us: 400_000 },
    ];
    const { stretches } = timelineOf({ attempts, latency_ms: 500, sent_ms: 1, first_byte_ms: 400, ttft_ms: null, cached: false });
    expect(stretches.map((each) => [each.label, each.note])).toContainEqual(["Attempt 2", "openai m: hedge, was slower"]);
    expect(stretches.map((each) => each.label)).toContain("Attempt 1, first byte");
  });

  it("says that a response came from the cache, and when all attempts failed", () => {
    expect(labels({ attempts: [], latency_ms: 0.3, sent_ms: null, first_byte_ms: 0.2, ttft_ms: null, cached: true })).toEqual(["Cache", "Response"]);
    expect(labels({ attempts: [{ ...attempt, status: 0, error: "timeout", started_us: 0, ended_us: 9000 }], latency_ms: 9, sent_ms: null, first_byte_ms: null, ttft_ms: null, cached: false })).toEqual(["Provider"]);
  });

  it("has a time above zero for a call without any", () => {
    expect(timelineOf({ attempts: [], latency_ms: null, sent_ms: null, first_byte_ms: null, ttft_ms: null, cached: false }).wholeMs).toBeGreaterThan(0);
  });
});

it("counts tokens a second from the first token on", () => {
  const call = { output_tokens: 100, latency_ms: 1500, ttft_ms: 500, streamed: true, cached: false };
  expect(tokensPerSecond(call)).toBe(100);
  expect(tokensPerSecond({ ...call, output_tokens: null })).toBeNull();
  expect(tokensPerSecond({ ...call, cached: true })).toBeNull();
});

it("takes failed attempts out of the gateway's own time", () => {
  const failed = { ...attempt, status: 500, started_us: 100, ended_us: 1_500_100 };
  expect(gatewayMs({ attempts: [{ ...attempt, started_us: 100, ended_us: 900_000 }], sent_ms: 0.2 })).toBe(0.2);
  expect(gatewayMs({ attempts: [failed, { ...attempt, started_us: 1_700_100, ended_us: 2_000_000, waited_us: 200_000 }], sent_ms: 1700.2 })).toBeCloseTo(200.2);
  expect(gatewayMs({ attempts: [], sent_ms: null })).toBeNull();
});
