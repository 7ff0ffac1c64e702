import { expect, it } from "vitest";
import type { Provider } from "@/api/playground";
import { firstChoice, nextChoice, providerOf, readChoices, writeChoices } from "./columns";

const providers = [
  { name: "openai", has_credential: true },
  { name: "anthropic", has_credential: true },
  { name: "groq", has_credential: false },
] as Provider[];

it("keeps models in the URL, colons and all", () => {
  const choices = [{ provider: "ollama", model: "llama3:8b" }, { provider: "openai", model: "" }];
  expect(readChoices(writeChoices(choices))).toEqual(choices);
  expect(readChoices("a:1|b:2|c:3|d:4").length).toBe(3);
  expect(readChoices(undefined)).toEqual([]);
});

it("tells who serves a model", () => {
  expect(["claude-sonnet-4-5", "gpt-5", "o3", "llama"].map((model) => providerOf(model, providers))).toEqual(["anthropic", "openai", "openai", "openai"]);
});

it("begins with the source's model", () => {
  expect(firstChoice({ provider: "groq", model: "llama" }, providers)).toEqual({ provider: "groq", model: "llama" });
  expect(firstChoice({ provider: "azure", model: "gpt-4o" }, providers)).toEqual({ provider: "openai", model: "gpt-4o" });
  expect(firstChoice({}, providers)).toEqual({ provider: "openai", model: "gpt-4o-mini" });
});

it("adds another provider, then another model", () => {
  const one = [{ provider: "openai", model: "gpt-4o-mini" }];
  expect(nextChoice(one, providers, new Map())).toEqual({ provider: "anthropic", model: "claude-sonnet-4-5" });
  const two = [...one, { provider: "anthropic", model: "claude-sonnet-4-5" }];
  expect(nextChoice(two, providers, new Map([["anthropic", ["claude-sonnet-4-5", "claude-haiku-4-5"]]]))).toEqual({ provider: "anthropic", model: "claude-haiku-4-5" });
});
