import { expect, it } from "vitest";
import { NEW_RULE, lookBack, nameOf, readDraft, withMetric, writeDraft } from "./draft";

it("keeps a draft in the address, and ignores what cannot be read", () => {
  const changed = { ...NEW_RULE, name: "Mine", group_by: ["user"], condition: { ...NEW_RULE.condition, value: 0.5 } };
  expect(readDraft(writeDraft(changed, NEW_RULE), NEW_RULE)).toEqual(changed);
  expect(writeDraft(NEW_RULE, NEW_RULE)).toBe("");
  expect(readDraft("{", NEW_RULE)).toEqual(NEW_RULE);
  expect(readDraft('{"name":7,"group_by":[1],"condition":{"value":"x"},"more":1}', NEW_RULE)).toEqual(NEW_RULE);
});

it("gives a new metric a condition that it can have", () => {
  expect(withMetric(NEW_RULE, "cost", "ratio", "USD").condition).toMatchObject({ value: 10, resolve: null });
  expect(withMetric(NEW_RULE, "no_traffic", "ratio", "").min_samples).toBe(0);
});

it("names a rule that has no name, and looks back far enough", () => {
  expect(nameOf(NEW_RULE, "ratio")).toBe("Error rate above 10 %");
  expect([lookBack("5m"), lookBack("1d"), lookBack("month")]).toEqual(["24h", "7d", "30d"]);
});
