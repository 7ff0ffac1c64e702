import { describe, expect, it } from "vitest";
import { answerOf, messagesOf } from "./conversationOf";

describe("messagesOf", () => {
  it("reads OpenAI chat with tools, images and reasoning", () => {
    const body = {
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: [{ type: "text", text: "Look" }, { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] },
        { role: "assistant", content: null, reasoning_content: "hm", tool_calls: [{ id: "c1", function: { name: "find", arguments: '{"a":1}' } }] },
        { role: "tool", tool_call_id: "c1", content: "found" },
      ],
    };
    expect(messagesOf(body)).toEqual([
      { role: "system", parts: [{ kind: "text", text: "Be brief." }] },
      { role: "user", parts: [{ kind: "text", text: "Look" }, { kind: "media", label: "image url" }] },
      { role: "assistant", parts: [{ kind: "reasoning", text: "hm" }, { kind: "tool call", name: "find", id: "c1", input: '{\n  "a": 1\n}' }] },
      { role: "tool", parts: [{ kind: "tool result", id: "c1", text: "found" }] },
    ]);
  });

  it("reads OpenAI responses", () => {
    const body = {
      instructions: "Be brief.",
      input: [
        { role: "user", content: [{ type: "input_text", text: "Hi" }] },
        { type: "function_call", call_id: "c1", name: "find", arguments: "{}" },
        { type: "function_call_output", call_id: "c1", output: "found" },
      ],
    };
    expect(messagesOf(body)?.map((message) => message.role)).toEqual(["system", "user", "assistant", "tool"]);
    expect(messagesOf({ input: "Hi" })).toEqual([{ role: "user", parts: [{ kind: "text", text: "Hi" }] }]);
  });

  it("reads Anthropic messages", () => {
    const body = {
      system: [{ type: "text", text: "Be brief." }],
      messages: [
        { role: "assistant", content: [{ type: "thinking", thinking: "hm" }, { type: "tool_use", id: "t1", name: "find", input: { a: 1 } }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: [{ type: "text", text: "found" }] }] },
      ],
    };
    expect(messagesOf(body)?.[1]?.parts.map((part) => part.kind)).toEqual(["reasoning", "tool call"]);
    expect(messagesOf(body)?.[2]?.parts).toEqual([{ kind: "tool result", id: "t1", text: "found" }]);
  });

  it("reads Gemini", () => {
    const body = { systemInstruction: { parts: [{ text: "Be brief." }] }, contents: [{ role: "model", parts: [{ functionCall: { name: "find", args: {} } }] }] };
    expect(messagesOf(body)).toEqual([
      { role: "system", parts: [{ kind: "text", text: "Be brief." }] },
      { role: "assistant", parts: [{ kind: "tool call", name: "find", id: "", input: "{}" }] },
    ]);
  });

  it("is null for what is no conversation", () => {
    for (const body of [null, 1, "text", [], { model: "m" }]) expect(messagesOf(body)).toBeNull();
  });
});

it("an answer is text and tool calls", () => {
  expect(answerOf("", [])).toBeNull();
  expect(answerOf("Hello", [{ id: "c1", name: "find", input: {} }])?.parts).toHaveLength(2);
});
