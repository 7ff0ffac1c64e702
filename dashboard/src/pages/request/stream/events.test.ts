import { expect, it } from "vitest";
import { describe as describeEvent } from "./describe";
import { amazonEvents, lineEvents, sseEvents } from "./events";

it("reads events with names, comments, any line ends, and a last one that broke off", () => {
  const events = sseEvents('event: a\ndata: {"x":1}\n\n: ping\n\ndata: one\r\ndata: two\r\n\r\ndata: [DONE]');
  expect(events.map((event) => [event.name, event.data])).toEqual([["a", '{"x":1}'], ["comment", ""], ["", "one\ntwo"], ["", "[DONE]"]]);
  expect(events.reduce((sum, event) => sum + event.size, 0)).toBe('event: a\ndata: {"x":1}\n\n: ping\n\ndata: one\r\ndata: two\r\n\r\ndata: [DONE]'.length);
});

it("reads JSON lines and Amazon's frames", () => {
  expect(lineEvents('{"a":1}\n\n{"b":2}').map((event) => event.data)).toEqual(['{"a":1}', '{"b":2}']);
  const name = new TextEncoder().encode(":event-type");
  const kind = new TextEncoder().encode("chunk");
  const payload = new TextEncoder().encode('{"x":1}');
  const headers = new Uint8Array([name.length, ...name, 7, 0, kind.length, ...kind]);
  const size = 16 + headers.length + payload.length;
  const frame = new Uint8Array(size);
  const view = new DataView(frame.buffer);
  view.setUint32(0, size);
  view.setUint32(4, headers.length);
  frame.set(headers, 12);
  frame.set(payload, 12 + headers.length);
  expect(amazonEvents(frame)).toMatchObject([{ name: "chunk", data: '{"x":1}', size }]);
  expect(amazonEvents(frame.subarray(0, size - 1))).toEqual([]);
});

it("says what an event adds", () => {
  const row = (data: unknown, name = "") => describeEvent({ at: 0, size: 0, name, data: typeof data === "string" ? data : JSON.stringify(data) }, 0);
  expect(row({ choices: [{ delta: { content: "Hi" } }] })).toMatchObject({ kind: "text", text: "Hi" });
  expect(row({ type: "content_block_delta", delta: { type: "thinking_delta", thinking: "hm" } })).toMatchObject({ kind: "reasoning", text: "hm", name: "content_block_delta" });
  expect(row({ type: "response.output_text.delta", delta: "Hi" })).toMatchObject({ kind: "text", text: "Hi" });
  expect(row({ candidates: [{ content: { parts: [{ text: "Hi" }] } }] })).toMatchObject({ kind: "text", text: "Hi" });
  expect(row("[DONE]").kind).toBe("end");
  expect(row({ error: { message: "no" } })).toMatchObject({ kind: "error", text: "no" });
  expect(row("not json").kind).toBe("other");
});
