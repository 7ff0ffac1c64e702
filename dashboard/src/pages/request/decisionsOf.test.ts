import { expect, it } from "vitest";
import { decisionsOf, policyInWords } from "./decisionsOf";

const call = { facts: {}, attempts: [], outcome: "success", cut: "", drained: false, usage_source: "provider", model_asked: "m", model: "m", model_override: "", saved_nanousd: null, saved_ms: null, truncated: false, prompt_id: "", prompt_version: "" };
const say = (facts: Record<string, unknown>, more: object = {}) => decisionsOf({ ...call, ...more, facts }).map((each) => each.text);

it("says what was decided in words", () => {
  expect(say({})).toEqual([]);
  expect(say({ "cache.status": "hit", "cache.kind": "exact", "cache.age_s": 9 })).toEqual(["Cache: served a stored response, 9 s old"]);
  expect(decisionsOf({ ...call, facts: { "cache.status": "hit", "cache.source": "id" } })[0]!.call).toBe("id");
  expect(say({ "rate.policy": "60;w=3600;s=user", "rate.remaining": 12 })).toEqual(["Limit: 60 requests in 1 h for each user, 12 left"]);
  expect(say({ "retry.count": 2, "fallback.index": 1, "fallback.model": "b" })).toEqual(["Retried 2 times", "Fallback 1 answered, model b"]);
  expect(say({}, { cut: "client", drained: true })).toEqual(["Stream: ended early by the client; the gateway read on for the usage"]);
});

it("shows facts that it has no words for as they are", () => {
  expect(say({ "new.fact": { a: 1 } })).toEqual(['new.fact: {"a":1}']);
});

it("reads policies, and leaves what is none", () => {
  expect(policyInWords("100;w=60;u=cents")).toBe("100 US cents in 1 min");
  expect(policyInWords("odd")).toBe("odd");
});
