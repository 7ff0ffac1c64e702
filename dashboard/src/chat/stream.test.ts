import { describe, expect, it } from "vitest";
import { addEvent, emptyAnswer, errorText, eventReader, wholeAnswer } from "./stream";

function read(text: string, dialect: "openai" | "anthropic", size: number) {
  const answer = emptyAnswer();
  let seen = 0;
  const reader = eventReader((data) => (seen += addEvent(answer, data, dialect) ? 1 : 0));
  for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
  return { answer, seen };
}

const chat = [
  { choices: [{ delta: { role: "assistant", content: "" } }] },
  { choices: [{ delta: { content: "Hel" } }] },
  { choices: [{ delta: { content: "lo" } }] },
  { choices: [{ delta: { tool_calls: [{ index: 0, id: "c1", function: { name: "find", arguments: "" } }] } }] },
  { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] } }] },
  { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: ":1}" } }] } }] },
  { choices: [{ delta: {}, finish_reason: "stop" }] },
  { choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
];
const openai = `${chat.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`;

describe("a stream", () => {
  it("is the same answer wherever it is cut", () => {
    for (const size of [1, 7, 64, 10_000]) {
      const { answer, seen } = read(openai, "openai", size);
      expect(answer).toEqual({ text: "Hello", reasoning: "", tools: [{ id: "c1", name: "find", input: '{"a":1}' }], inputTokens: 3, outputTokens: 2, stop: "stop", error: "", complete: true });
      expect(seen).toBe(5);
    }
  });

  it("is read in Anthropic's form, with CR LF", () => {
    const events = [
      { type: "message_start", message: { usage: { input_tokens: 9, output_tokens: 1 } } },
      { type: "content_block_start", content_block: { type: "thinking" } },
      { type: "content_block_delta", delta: { type: "thinking_delta", thinking: "Hm." } },
      { type: "content_block_delta", delta: { type: "text_delta", text: "Hi" } },
      { type: "content_block_start", content_block: { type: "tool_use", id: "t", name: "find" } },
      { type: "content_block_delta", delta: { type: "input_json_delta", partial_json: "{}" } },
      { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 5 } },
      { type: "message_stop" },
    ];
    const text = events.map((event) => `event: ${event.type}\r\ndata: ${JSON.stringify(event)}\r\n\r\n`).join("");
    expect(read(text, "anthropic", 5).answer).toEqual({ text: "Hi", reasoning: "Hm.", tools: [{ id: "t", name: "find", input: "{}" }], inputTokens: 9, outputTokens: 5, stop: "tool_use", error: "", complete: true });
  });

  it("keeps an error inside of it, and is not complete without its end", () => {
    const { answer } = read('data: {"error": {"message": "Overloaded"}}\n\n', "openai", 9);
    expect([answer.error, answer.complete]).toEqual(["Overloaded", false]);
  });
});

it("reads answers that come whole", () => {
  expect(wholeAnswer({ choices: [{ message: { content: "Hi" }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 2 } }, "openai").text).toBe("Hi");
  expect(wholeAnswer({ content: [{ type: "text", text: "Hi" }], stop_reason: "end_turn" }, "anthropic").stop).toBe("end_turn");
});

it("takes the provider's own words", () => {
  expect([{ error: { message: "a" } }, { error: "b" }, { message: "c" }, { detail: "d" }, "e"].map(errorText)).toEqual(["a", "b", "c", "d", "e"]);
});
