import { expect, it } from "vitest";
import { rowOfEvent } from "./callRow";

const EVENT = {
  id: "1", start: "2026-11-27T10:00:00Z", status: 200, outcome: "success", error: "", user_id: "ada", cost_nanousd: 4_098_000, saved_nanousd: null,
  input_tokens: 481, output_tokens: 100, latency_ms: 1500, ttft_ms: 500, properties: { Feature: "search" },
};

it("an event becomes a row of the columns that are shown", () => {
  const columns = ["user", "cost", "saved", "tokens", "tokens_per_second", "property.feature", "property.other", "failed", "score.helpful"];
  expect(rowOfEvent(EVENT, columns)).toEqual({
    id: "1", start: "2026-11-27T10:00:00Z", user: "ada", cost: 0.004098, saved: null, tokens: 581, tokens_per_second: 100,
    "property.feature": "search", "property.other": null, failed: false, "score.helpful": null,
  });
});

it("what is not known stays unknown", () => {
  expect(rowOfEvent({ id: "1", start: "", latency_ms: null, output_tokens: 5 }, ["tokens", "tokens_per_second", "cost"])).toMatchObject({ tokens: 5, tokens_per_second: null, cost: null });
});
