import { describe, expect, it } from "vitest";
import { isMissingPart, mayReload } from "./missingPart";

describe("a part of a page that did not arrive", () => {
  it("is told from errors of the page itself", () => {
    expect(isMissingPart(new TypeError("Failed to fetch dynamically imported module: http://a/assets/Page-1.js"))).toBe(true);
    expect(isMissingPart(new Error("Unable to preload CSS for /assets/Page-1.css"))).toBe(true);
    expect(isMissingPart(new TypeError("error loading dynamically imported module"))).toBe(true);
    expect(isMissingPart(new TypeError("x is not a function"))).toBe(false);
    expect(isMissingPart("preload CSS")).toBe(false);
  });

  it("loads the page anew, but not again and again", () => {
    const kept = new Map<string, string>();
    const storage = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value) };
    expect(mayReload(1_000_000, storage)).toBe(true);
    expect(mayReload(1_005_000, storage)).toBe(false);
    expect(mayReload(1_020_000, storage)).toBe(true);
  });
});
