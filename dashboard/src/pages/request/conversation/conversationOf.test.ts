import { describe, expect, it } from "vitest";
import { answersOf } from "./answer";
import { assemble } from "./assemble";
import { conversationOf } from "./conversationOf";
import { messagesOf, toolsOf } from "./request";
import type { Message, Part } from "./types";

const kinds = (message: Message | undefined) => message?.parts.map((part) => part.kind);
const textOf = (parts: Part[] | undefined) => parts?.map((part) => ("text" in part ? part.text : "")).join("");

describe("messagesOf", () => {
  it("reads OpenAI chat with tools, images and reasoning", () => {
    const body = {
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: [{ type: "text", text: "Look" }, { type: "image_url", image_url: { url: "https://example.com/a.png" } }] },
        { role: "assistant", content: null, reasoning_content: "hm", tool_calls: [{ id: "c1", function: { name: "find", arguments: '{"a":1}' } }] },
        { role: "tool", tool_call_id: "c1", content: "found" },
      ],
    };
    const messages = messagesOf(body)!;
    expect(messages.map((message) => message.role)).toEqual(["system", "user", "assistant", "tool"]);
    expect(kinds(messages[1])).toEqual(["text", "media"]);
    expect(messages[1]!.parts[1]).toMatchObject({ media: { what: "image", url: "https://example.com/a.png", data: "" } });
    expect(kinds(messages[2])).toEqual(["reasoning", "tool call"]);
    expect(messages[3]!.parts[0]).toMatchObject({ kind: "tool result", id: "c1" });
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
    expect(messagesOf({ input: "Hi" })).toMatchObject([{ role: "user", parts: [{ kind: "text", text: "Hi" }] }]);
  });

  it("reads Anthropic, Gemini, Bedrock, embeddings and plain prompts", () => {
    expect(kinds(messagesOf({ messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "t1", is_error: true, content: [{ type: "text", text: "no" }] }] }] })![0])).toEqual(["tool result"]);
    expect(messagesOf({ systemInstruction: { parts: [{ text: "Be brief." }] }, contents: [{ role: "model", parts: [{ functionCall: { name: "find", args: {} } }] }] })).toMatchObject([
      { role: "system", parts: [{ kind: "text", text: "Be brief." }] },
      { role: "assistant", parts: [{ kind: "tool call", name: "find" }] },
    ]);
    expect(kinds(messagesOf({ messages: [{ role: "assistant", content: [{ text: "a" }, { toolUse: { toolUseId: "1", name: "f", input: {} } }] }] })![0])).toEqual(["text", "tool call"]);
    expect(messagesOf({ input: ["one", "two"] })).toHaveLength(2);
    expect(textOf(messagesOf({ prompt: "Say" })?.[0]?.parts)).toBe("Say");
  });

  it("is null for what is no conversation, and never throws", () => {
    for (const body of [null, 1, "text", [], { model: "m" }]) expect(messagesOf(body)).toBeNull();
    for (const odd of [{ messages: [null, 1, [], { content: { a: 1 } }, { tool_calls: 5 }] }, { messages: {} }, { contents: [{ parts: "x" }] }]) expect(() => messagesOf(odd)).not.toThrow();
  });

  it("lists the tools of every dialect", () => {
    const tools = toolsOf({ tools: [{ type: "function", function: { name: "a", parameters: {} } }, { name: "b", input_schema: {} }, { functionDeclarations: [{ name: "c" }] }, { type: "web_search" }] });
    expect(tools.map((tool) => tool.name)).toEqual(["a", "b", "c", "web search"]);
  });
});

describe("answersOf", () => {
  it("reads whole responses of each dialect", () => {
    expect(textOf(answersOf({ choices: [{ message: { content: "a" }, finish_reason: "stop" }] })[0]?.parts)).toBe("a");
    expect(textOf(answersOf({ content: [{ type: "text", text: "b" }], stop_reason: "end_turn" })[0]?.parts)).toBe("b");
    expect(textOf(answersOf({ candidates: [{ content: { parts: [{ text: "c" }] } }] })[0]?.parts)).toBe("c");
    expect(textOf(answersOf({ output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "d", annotations: [] }] }] })[0]?.parts)).toBe("d");
    expect(textOf(answersOf({ output: { message: { role: "assistant", content: [{ text: "e" }] } } })[0]?.parts)).toBe("e");
    expect(answersOf({ data: [{ embedding: [1, 2, 3] }] })[0]?.parts[0]).toMatchObject({ kind: "vector", dimensions: 3 });
    expect(answersOf({ data: [{ b64_json: "iVBORw0KGgoAAAA" }] })[0]?.parts[0]).toMatchObject({ kind: "media", media: { what: "image" } });
    for (const body of [{ error: { message: "no" } }, { message: "no" }, { detail: "no" }, { error: "no" }]) expect(answersOf(body)[0]).toMatchObject({ role: "error", parts: [{ text: "no" }] });
    expect(textOf(answersOf({ generations: [{ text: "f" }] })[0]?.parts)).toBe("f");
    expect(textOf(answersOf({ pages: [{ markdown: "g" }] })[0]?.parts)).toBe("g");
  });

  it("keeps citations beside their text", () => {
    const parts = answersOf({ content: [{ type: "text", text: "x", citations: [{ url: "https://a.example", title: "A", cited_text: "q" }] }] })[0]!.parts;
    expect(parts[0]).toMatchObject({ citations: [{ title: "A", url: "https://a.example", text: "q" }] });
  });
});

describe("assemble", () => {
  it("puts chat chunks together, tool calls by index", () => {
    const chunk = (delta: object) => ({ choices: [{ index: 0, delta }] });
    const whole = assemble([
      chunk({ role: "assistant", content: "Hel" }), chunk({ content: "lo" }),
      chunk({ tool_calls: [{ index: 0, id: "c1", function: { name: "f", arguments: '{"a"' } }] }), chunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
    ]);
    const answer = answersOf(whole)[0]!;
    expect(textOf(answer.parts)).toBe("Hello");
    expect(answer.parts[1]).toMatchObject({ kind: "tool call", id: "c1", input: '{"a":1}' });
  });

  it("puts Anthropic's blocks together", () => {
    const whole = assemble([
      { type: "message_start", message: { content: [] } },
      { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } },
      { type: "content_block_start", index: 1, content_block: { type: "tool_use", id: "t", name: "f", input: {} } },
      { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '{"a":1}' } },
    ]);
    expect(answersOf(whole)[0]?.parts).toMatchObject([{ kind: "reasoning", text: "hm" }, { kind: "tool call", input: '{"a":1}' }]);
  });

  it("puts streams of Cohere, Gemini's interactions and Ollama together", () => {
    const cohere = assemble([{ type: "message-start" }, { type: "tool-plan-delta", delta: { message: { tool_plan: "I will" } } }, { type: "tool-call-start", delta: { message: { tool_calls: { id: "1", function: { name: "f", arguments: "" } } } } }, { type: "tool-call-delta", delta: { message: { tool_calls: { function: { arguments: "{}" } } } } }]);
    expect(answersOf(cohere)[0]?.parts).toMatchObject([{ kind: "reasoning", text: "I will" }, { kind: "tool call", name: "f", input: "{}" }]);
    const steps = assemble([{ event_type: "step.delta", index: 1, delta: { type: "text", text: "Hel" } }, { event_type: "step.delta", index: 1, delta: { type: "text", text: "lo" } }]);
    expect(textOf(answersOf(steps)[0]?.parts)).toBe("Hello");
    expect(textOf(answersOf(assemble([{ message: { content: "a" } }, { message: { content: "b" }, done_reason: "stop" }]))[0]?.parts)).toBe("ab");
  });

  it("takes what deltas say where a Responses stream broke off", () => {
    const whole = assemble([
      { type: "response.created", response: { output: [], status: "in_progress" } },
      { type: "response.output_item.added", output_index: 0, item: { type: "message", role: "assistant", content: [] } },
      { type: "response.output_text.delta", output_index: 0, delta: "Hel" }, { type: "response.output_text.delta", output_index: 0, delta: "lo" },
    ]);
    expect(answersOf(whole)[0]).toMatchObject({ note: "broken off", parts: [{ text: "Hello" }] });
  });

  it("keeps what came before an error in the stream", () => {
    const found = conversationOf({ messages: [] }, { events: [{ choices: [{ delta: { content: "Hel" } }] }, { error: { message: "overloaded" } }] })!;
    expect(found.answers.map((answer) => answer.role)).toEqual(["assistant", "error"]);
  });
});

it("stands results beside the calls that asked for them, by id or by name", () => {
  const byId = conversationOf({ messages: [{ role: "assistant", tool_calls: [{ id: "1", function: { name: "f", arguments: "{}" } }] }, { role: "tool", tool_call_id: "1", content: "yes" }] }, null)!;
  expect(byId.messages).toHaveLength(1);
  expect(byId.messages[0]!.parts[0]).toMatchObject({ kind: "tool call", result: { parts: [{ text: "yes" }], failed: false } });
  const byName = conversationOf({ contents: [{ role: "model", parts: [{ functionCall: { name: "f" } }] }, { role: "user", parts: [{ functionResponse: { name: "f", response: { a: 1 } } }] }] }, null)!;
  expect(byName.messages[0]!.parts[0]).toMatchObject({ result: { failed: false } });
});
