import { expect, it } from "vitest";
import { ago, ahead } from "./times";

const now = new Date("2026-01-01T12:00:00Z");
const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);

it.each([
  [-3, "3 s ago"],
  [-300, "5 min ago"],
  [-7_300, "2 h ago"],
  [-400_000, "4 d ago"],
  [2, "0 s ago"],
])("%d s is %s", (seconds, words) => expect(ago(after(seconds), now)).toBe(words));

it("what is to come is in so long", () => expect([ahead(after(59), now), ahead(after(3_600), now)]).toEqual(["in 59 s", "in 1 h"]));
