import { expect, it } from "vitest";
import { wholeRule } from "./rule";
import { byUrgency, sentenceText, shortCondition } from "./words";

it("says a rule in one sentence", () => {
  const rule = wholeRule({ name: "x", metric: "cost", filter: "property.plan:pro", group_by: ["user"], window: "1d", condition: { value: 10, resolve: 8.5 }, for: "5m", keep_firing_for: "10m", min_samples: 20 });
  expect(sentenceText(rule, "USD")).toBe(
    "Alert when cost of requests with plan is pro of any user in the last day is above $10, for 5 minutes, if there are at least 20 requests. It is over when it is back at $8.50 for 10 minutes.",
  );
});

it("says conditions of every kind", () => {
  const latency = { name: "x", metric: "p95_latency", window: "15m" };
  expect(shortCondition(wholeRule({ ...latency, condition: { value: 20_000 } }), "ms")).toBe("above 20 s");
  expect(sentenceText(wholeRule({ ...latency, condition: { kind: "change", value: 50, against: "last_week" } }), "ms")).toContain("in the last 15 minutes is 50 % more than at the same time last week");
  expect(sentenceText(wholeRule({ ...latency, condition: { kind: "band", op: "outside", value: 3 } }), "ms")).toContain("3 standard deviations above or below what is usual");
  expect(sentenceText(wholeRule({ name: "x", metric: "no_traffic", window: "30m" }), "")).toBe("Alert when there is no request in the last 30 minutes, though there were some in the day before.");
  expect(sentenceText(wholeRule({ name: "x", metric: "error_rate", window: "month", condition: { value: 0.1 } }), "ratio")).toContain("in this calendar month is above 10 %");
});

it("puts what needs somebody first", () => {
  const rows = (["normal", "alerting", "off", "pending"] as const).map((state) => ({ state, name: state }));
  expect(rows.sort(byUrgency).map((each) => each.state)).toEqual(["alerting", "pending", "normal", "off"]);
});
