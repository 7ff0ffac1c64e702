import { expect, it } from "vitest";
import type { Version } from "@/api/prompts";
import { versionText } from "./versionText";

it("reads like the prompt", () => {
  const version = {
    body: { temperature: 0.2, model: "gpt-4o", messages: [{ role: "system", content: "Be brief.\nBe kind." }, { role: "assistant", content: null, tool_calls: [] }], tools: [] },
    variables: [],
  } as unknown as Version;
  expect(versionText(version)).toBe('model: gpt-4o\ntemperature: 0.2\n\n── system\nBe brief.\nBe kind.\n\n── assistant\n{\n  "tool_calls": []\n}\n\n── tools\n[]\n');
});
