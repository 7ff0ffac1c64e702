import { expect, it } from "vitest";
import { targetOf } from "./target";

it("says where a channel sends", () => {
  expect(targetOf({ url: "https://hooks.example/x", secret: "••••abcd" })).toBe("https://hooks.example/x");
  expect(targetOf({ routing_key: "••••1234", url: "https://events.pagerduty.com/v2/enqueue" })).toBe("integration key ••••1234");
  expect(targetOf({ host: "smtp.example", to: ["a@x", "b@x", "c@x"] })).toBe("a@x, b@x and 1 more by smtp.example");
  expect(targetOf({})).toBe("");
});
