import { describe, expect, it } from "vitest";
import { convert, editable, formatOf } from "./convert";
import { bodyOf, draftOf, sameJson } from "./draft";
import { parseJson } from "./json";

const TOOLS = [{ type: "function", function: { name: "find", description: "Finds", parameters: { type: "object", properties: {} } } }];
const OPENAI = {
  model: "gpt-4o",
  temperature: 0.2,
  max_tokens: 50,
  tools: TOOLS,
  messages: [
    { role: "system", content: "Be brief." },
    { role: "user", content: [{ type: "text", text: "What is this?" }, { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] },
    { role: "assistant", content: null, tool_calls: [{ id: "c1", type: "function", function: { name: "find", arguments: '{"a":1}' } }, { id: "c2", type: "function", function: { name: "find", arguments: "{}" } }] },
    { role: "tool", tool_call_id: "c1", content: "one" },
    { role: "tool", tool_call_id: "c2", content: "two" },
  ],
};
const ANTHROPIC = {
  model: "gpt-4o",
  max_tokens: 50,
  system: "Be brief.",
  temperature: 0.2,
  tools: [{ name: "find", description: "Finds", input_schema: { type: "object", properties: {} } }],
  messages: [
    { role: "user", content: [{ type: "text", text: "What is this?" }, { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } }] },
    { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "find", input: { a: 1 } }, { type: "tool_use", id: "c2", name: "find", input: {} }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content: "one" }, { type: "tool_result", tool_use_id: "c2", content: "two" }] },
  ],
};

describe("converting", () => {
  it("goes to Anthropic's format and back", () => {
    expect(convert(OPENAI, "openai", "anthropic")).toEqual(ANTHROPIC);
    expect(sameJson(convert(ANTHROPIC, "anthropic", "openai"), OPENAI)).toBe(true);
  });

  it("asks Anthropic for a number of tokens, which it needs", () => {
    expect(convert({ messages: [{ role: "user", content: "Hi" }] }, "openai", "anthropic")).toEqual({ max_tokens: 1024, messages: [{ role: "user", content: "Hi" }] });
  });

  it("tells formats apart", () => {
    expect([OPENAI, ANTHROPIC, { input: "Hi" }, { contents: [] }, { messages: [{ role: "user", content: "Hi" }] }].map(formatOf)).toEqual(["openai", "anthropic", "responses", "gemini", "openai"]);
  });

  it("reads the Responses format", () => {
    const input = [{ role: "user", content: [{ type: "input_text", text: "Hi" }] }, { type: "function_call", call_id: "c", name: "find", arguments: "{}" }, { type: "function_call_output", call_id: "c", output: "found" }];
    expect(editable({ model: "gpt-5", instructions: "Be brief.", input, max_output_tokens: 9 }).body).toEqual({
      model: "gpt-5",
      max_completion_tokens: 9,
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
        { role: "assistant", content: null, tool_calls: [{ id: "c", type: "function", function: { name: "find", arguments: "{}" } }] },
        { role: "tool", tool_call_id: "c", content: "found" },
      ],
    });
  });

  it("reads Gemini's format", () => {
    const body = { systemInstruction: { parts: [{ text: "Be brief." }] }, contents: [{ role: "user", parts: [{ text: "Hi" }] }, { role: "model", parts: [{ text: "Hello" }] }], generationConfig: { temperature: 1 } };
    expect(editable(body).body).toEqual({ temperature: 1, messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hi" }, { role: "assistant", content: "Hello" }] });
  });
});

describe("a draft", () => {
  it("has the same body again where nothing was changed", () => {
    const odd = { ...OPENAI, stop: ["x"], seed: 7, messages: [...OPENAI.messages, { role: "user", name: "ada", content: "" }] };
    expect(sameJson(bodyOf(draftOf(odd, "openai")).body, odd)).toBe(true);
    expect(sameJson(bodyOf(draftOf(ANTHROPIC, "anthropic")).body, ANTHROPIC)).toBe(true);
    expect(sameJson(bodyOf(draftOf({ messages: [] }, "openai")).body, { messages: [] })).toBe(true);
  });

  it("says where JSON is wrong", () => {
    const draft = { ...draftOf(OPENAI, "openai"), tools: "[\n  {,\n]", more: "[]", temperature: "warm" };
    const { faults } = bodyOf(draft);
    expect(Object.keys(faults).sort()).toEqual(["more", "temperature", "tools"]);
    expect(faults["tools"]!.message).toContain("Line 2");
    expect(faults["tools"]!.at).toBe(5);
  });

  it("finds the end of text that is cut short", () => expect(parseJson('{"a"').fault?.at).toBe(4));
});
