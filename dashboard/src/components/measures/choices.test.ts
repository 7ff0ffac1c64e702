import { expect, it } from "vitest";
import { dimensionChoices, measureChoices } from "./choices";

const measure = (name: string, unit: string) => ({ name, unit, kind: "sum", help: "" });

it("measures stand by what they are about, and what is gone stays chosen", () => {
  const found = measureChoices([measure("p95_latency", "ms"), measure("cost", "USD"), measure("cost.<name>", "USD")], ["helpful"], ["gone"]);
  expect(found).toEqual([
    { group: "Money", items: [{ value: "cost", label: "Cost" }] },
    { group: "Latency", items: [{ value: "p95_latency", label: "P95 latency" }] },
    { group: "Feedback and scores", items: [{ value: "score.helpful", label: "Score helpful" }, { value: "score_rate.helpful", label: "Share of good helpful" }] },
    { group: "Other", items: [{ value: "gone", label: "gone" }] },
  ]);
  expect(measureChoices([], [], [], true)[0]!.items[0]).toEqual({ value: "latency", label: "Latency" });
});

it("dimensions have properties first, and each value once", () => {
  const dimension = (name: string) => ({ name, value: "text", help: "" });
  const found = dimensionChoices([dimension("model"), dimension("user_id"), dimension("host"), dimension("property.<name>")], ["team"], ["property.old"]);
  expect(found).toEqual([
    { group: "Properties", items: [{ value: "property.team", label: "team" }] },
    { group: "Of the call", items: [{ value: "model", label: "model" }] },
    { group: "More", items: [{ value: "host", label: "host" }, { value: "property.old", label: "old" }] },
  ]);
  expect(new Set(found.flatMap((each) => each.items.map((item) => item.value))).size).toBe(4);
});
