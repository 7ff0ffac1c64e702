import { isObject, objects, word, type Json } from "../conversation/types";
import { visible } from "../visible";
import type { EventRow } from "../worker/protocol";
import type { StreamEvent } from "./events";

/** What an event of a stream adds, in a few words. */
export function describe(event: StreamEvent, index: number, end = event.at + event.size): EventRow {
  const row = { index, at: event.at, size: event.size, end, name: visible(event.name.slice(0, 80)) };
  if (event.data.trim() === "[DONE]") return { ...row, kind: "end", text: "[DONE]" };
  let data: unknown;
  try {
    data = event.data.length < 200_000 ? JSON.parse(event.data) : null;
  } catch {
    data = null;
  }
  if (!isObject(data)) return { ...row, kind: "other", text: visible(event.data.slice(0, 300)) };
  const [kind, text] = meaningOf(data);
  return { ...row, name: row.name || word(data["type"]) || word(data["event_type"]) || NAMES[kind], kind, text: visible((text || event.data).slice(0, 300)) };
}

/** For dialects whose events have no names. */
const NAMES: Record<EventRow["kind"], string> = { text: "text", reasoning: "reasoning", tool: "tool call", end: "end", error: "error", other: "" };

function meaningOf(data: Json): [EventRow["kind"], string] {
  if (data["error"]) return ["error", isObject(data["error"]) ? word(data["error"]["message"]) : word(data["error"])];
  const choice = objects(data["choices"])[0];
  const candidate = objects(data["candidates"])[0];
  if (candidate) {
    const parts = isObject(candidate["content"]) ? objects(candidate["content"]["parts"]) : [];
    const text = parts.map((part) => word(part["text"])).join("");
    if (parts.some((part) => part["functionCall"])) return ["tool", ""];
    return parts.some((part) => part["thought"]) ? ["reasoning", text] : text ? ["text", text] : ["end", word(candidate["finishReason"])];
  }
  const delta = choice && isObject(choice["delta"]) ? choice["delta"] : data["delta"];
  if (choice && typeof choice["text"] === "string" && choice["text"]) return ["text", choice["text"]];
  if (isObject(delta)) {
    const reasoning = word(delta["reasoning_content"]) || word(delta["reasoning"]) || word(delta["thinking"]);
    if (reasoning) return ["reasoning", reasoning];
    const text = word(delta["content"]) || word(delta["text"]) || (isObject(delta["message"]) && isObject(delta["message"]["content"]) ? word(delta["message"]["content"]["text"]) : "");
    if (text) return ["text", text];
    const call = objects(delta["tool_calls"])[0];
    if (call) return ["tool", isObject(call["function"]) ? word(call["function"]["name"]) + word(call["function"]["arguments"]) : ""];
    if (typeof delta["partial_json"] === "string") return ["tool", delta["partial_json"]];
    if (delta["stop_reason"]) return ["end", word(delta["stop_reason"])];
  }
  if (typeof delta === "string") {
    const type = word(data["type"]);
    return [type.includes("reasoning") ? "reasoning" : type.includes("arguments") ? "tool" : "text", delta];
  }
  if (choice && choice["finish_reason"]) return ["end", word(choice["finish_reason"])];
  if (isObject(data["message"]) && typeof data["message"]["content"] === "string" && data["message"]["content"]) return ["text", data["message"]["content"]];
  if (typeof data["response"] === "string" && data["response"]) return ["text", data["response"]];
  return ["other", ""];
}
