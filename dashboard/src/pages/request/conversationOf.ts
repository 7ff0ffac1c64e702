/** The conversation of a call, whatever its dialect: OpenAI chat and responses, Anthropic messages, Gemini. */

export type Part =
  | { kind: "text"; text: string }
  | { kind: "reasoning"; text: string }
  | { kind: "tool call"; name: string; id: string; input: string }
  | { kind: "tool result"; id: string; text: string }
  | { kind: "media"; label: string };

export interface Message {
  role: string;
  parts: Part[];
}

type Json = Record<string, unknown>;

/** The messages of a request's body. Null where the body is no conversation that is known. */
export function messagesOf(body: unknown): Message[] | null {
  if (!isObject(body)) return null;
  const messages: Message[] = [];
  const system = body["system"] ?? body["instructions"] ?? field(body["systemInstruction"] ?? body["system_instruction"], "parts");
  if (system !== undefined && system !== null) messages.push({ role: "system", parts: partsOf(system) });
  const list = body["messages"] ?? body["contents"] ?? body["input"] ?? body["prompt"];
  if (typeof list === "string") messages.push({ role: "user", parts: [{ kind: "text", text: list }] });
  else if (Array.isArray(list)) messages.push(...list.map(messageOf));
  else if (!messages.length) return null;
  return messages;
}

/** What the model answered: its text and its tool calls, as the log keeps them. */
export function answerOf(text: string, toolCalls: unknown): Message | null {
  const parts: Part[] = text ? [{ kind: "text", text }] : [];
  if (Array.isArray(toolCalls)) parts.push(...toolCalls.filter(isObject).map(toolCallOf));
  return parts.length ? { role: "assistant", parts } : null;
}

function messageOf(message: unknown): Message {
  if (!isObject(message)) return { role: "user", parts: partsOf(message) };
  const kind = word(message["type"]);
  if (kind === "function_call") return { role: "assistant", parts: [toolCallOf(message)] };
  if (kind === "function_call_output") return { role: "tool", parts: [{ kind: "tool result", id: word(message["call_id"]), text: plain(message["output"]) }] };
  if (kind === "reasoning") return { role: "assistant", parts: partsOf(message["summary"] ?? []).map((part) => (part.kind === "text" ? { kind: "reasoning", text: part.text } : part)) };
  const role = word(message["role"]) || "user";
  if (role === "tool") return { role, parts: [{ kind: "tool result", id: word(message["tool_call_id"]), text: plain(message["content"]) }] };
  const parts = partsOf(message["content"] ?? message["parts"]);
  const reasoning = message["reasoning_content"] ?? message["reasoning"];
  if (typeof reasoning === "string" && reasoning) parts.unshift({ kind: "reasoning", text: reasoning });
  if (Array.isArray(message["tool_calls"])) parts.push(...message["tool_calls"].filter(isObject).map(toolCallOf));
  return { role: role === "model" ? "assistant" : role, parts };
}

function partsOf(content: unknown): Part[] {
  if (content === null || content === undefined || content === "") return [];
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (Array.isArray(content)) return content.flatMap(partsOf);
  if (!isObject(content)) return [{ kind: "text", text: plain(content) }];
  const kind = word(content["type"]);
  if (kind === "tool_use" || kind === "server_tool_use" || content["functionCall"]) return [toolCallOf(content)];
  if (kind === "tool_result" || kind.endsWith("_tool_result")) return [{ kind: "tool result", id: word(content["tool_use_id"]), text: textOf(content["content"]) }];
  if (isObject(content["functionResponse"])) {
    return [{ kind: "tool result", id: word(content["functionResponse"]["name"]), text: plain(content["functionResponse"]["response"]) }];
  }
  if (kind === "thinking" || content["thought"] === true) return [{ kind: "reasoning", text: word(content["thinking"]) || word(content["text"]) }];
  if (typeof content["text"] === "string") return [{ kind: "text", text: content["text"] }];
  if (typeof content["refusal"] === "string") return [{ kind: "text", text: content["refusal"] }];
  return [{ kind: "media", label: mediaLabel(content, kind) }];
}

function toolCallOf(call: Json): Part {
  const inner = isObject(call["function"]) ? call["function"] : isObject(call["functionCall"]) ? call["functionCall"] : call;
  const input = inner["arguments"] ?? inner["input"] ?? inner["args"] ?? {};
  return { kind: "tool call", name: word(inner["name"]) || "tool", id: word(call["id"]) || word(call["call_id"]), input: typeof input === "string" ? indentJson(input) : plain(input) };
}

function mediaLabel(content: Json, kind: string): string {
  const source = isObject(content["source"]) ? content["source"] : isObject(content["inlineData"]) ? content["inlineData"] : isObject(content["input_audio"]) ? content["input_audio"] : content;
  const type = word(source["media_type"]) || word(source["mimeType"]) || word(source["format"]);
  return [kind.replaceAll("_", " ") || "media", type].filter(Boolean).join(", ");
}

function textOf(content: unknown): string {
  return partsOf(content)
    .map((part) => ("text" in part ? part.text : part.kind === "media" ? `[${part.label}]` : ""))
    .join("\n");
}

function indentJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : value;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
