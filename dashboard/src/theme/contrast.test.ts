import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contrast, tokensOf } from "./contrast";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

describe.each(["light", "dark"] as const)("the %s theme", (scheme) => {
  const tokens = tokensOf(css, scheme);
  const between = (one: string, other: string) => contrast(tokens.get(one)!, tokens.get(other)!);

  it.each(["--ink", "--ink-2", "--ink-3", "--accent", "--ok", "--warn", "--bad"])("%s is readable on every ground", (ink) => {
    for (const ground of ["--bg", "--panel", "--raise"]) expect(between(ink, ground), ground).toBeGreaterThanOrEqual(4.5);
  });

  it.each([
    ["--accent-ink", "--accent"],
    ["--ok", "--ok-soft"],
    ["--warn", "--warn-soft"],
    ["--bad", "--bad-soft"],
    ["--ink", "--accent-soft"],
  ])("%s is readable on %s", (ink, ground) => expect(between(ink, ground)).toBeGreaterThanOrEqual(4.5));

  it.each(["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7"])("a bar of %s stands out from its panel", (series) => {
    expect(between(series, "--panel")).toBeGreaterThanOrEqual(3);
  });
});

it("contrast is that of WCAG", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 2);
});
