import { expect, it } from "vitest";
import { snippets } from "./snippets";

const use = { id: "greeting", environment: "", version: 0, values: { name: "Zoë's", times: 2, loud: true }, gateway: "http://gw", dialect: "openai" as const };

it("has only ASCII in headers, and quotes for the shell", () => {
  const [curl] = snippets(use);
  expect(curl!.text).toContain(`-H 'Helicone-Prompt-Variables: {"name":"Zo\\u00eb'\\''s","times":2,"loud":true}'`);
  expect(curl!.text).not.toContain("Helicone-Prompt-Environment");
});

it("names the version or the environment", () => {
  expect(snippets({ ...use, version: 3, environment: "staging" })[1]!.text).toContain('"version_id": "3"');
  expect(snippets({ ...use, environment: "staging" })[1]!.text).toContain('"environment": "staging"');
});

it("writes Python's own words", () => {
  const text = snippets(use).find((each) => each.title === "Python")!.text;
  expect(text).toContain('"loud": True,');
  expect(text).toContain('base_url="http://gw/v1"');
});

it("uses Anthropic's client for its format", () => {
  expect(snippets({ ...use, dialect: "anthropic" }).map((each) => each.text.includes("anthropic"))).toEqual([true, true, true]);
});
