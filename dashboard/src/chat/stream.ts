import type { Dialect } from "./convert";
import { isObject, objects, word, type Json } from "./json";

/** What a model answered, as far as it came. */
export interface Answer {
  text: string;
  reasoning: string;
  tools: ToolUse[];
  inputTokens: number | null;
  outputTokens: number | null;
  /** Why it ended, in the provider's word; empty while it has not. */
  stop: string;
  /** The provider's own word for what went wrong inside the answer. */
  error: string;
  /** Whether its end was seen. */
  complete: boolean;
}

export interface ToolUse {
  id: string;
  name: string;
  input: string;
}

export function emptyAnswer(): Answer {
  return { text: "", reasoning: "", tools: [], inputTokens: null, outputTokens: null, stop: "", error: "", complete: false };
}

/** Reads server-sent events from chunks of text, wherever those are cut. */
export function eventReader(onData: (data: string) => void): { push: (text: string) => void } {
  let rest = "";
  return {
    push(text) {
      rest += text;
      const lines = rest.split(/\r\n|\n/);
      rest = lines.pop()!;
      for (const line of lines) if (line.startsWith("data:")) onData(line.slice(5).trim());
    },
  };
}

/** The answer with one more event of a stream. True where the event held something that a person sees. */
export function addEvent(answer: Answer, data: string, dialect: Dialect): boolean {
  if (data === "[DONE]") {
    answer.complete = true;
    return false;
  }
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    return false;
  }
  if (!isObject(event)) return false;
  if (event["error"] !== undefined || event["type"] === "error") {
    answer.error = errorText(event);
    return false;
  }
  return dialect === "anthropic" ? addAnthropic(answer, event) : addOpenAi(answer, event);
}

function addOpenAi(answer: Answer, event: Json): boolean {
  takeUsage(answer, event["usage"]);
  const choice = objects(event["choices"])[0];
  if (!choice) return false;
  answer.stop = word(choice["finish_reason"]) || answer.stop;
  const delta = isObject(choice["delta"]) ? choice["delta"] : {};
  const text = word(delta["content"]) || word(delta["refusal"]);
  const reasoning = word(delta["reasoning_content"]) || word(delta["reasoning"]);
  answer.text += text;
  answer.reasoning += reasoning;
  const calls = objects(delta["tool_calls"]);
  for (const call of calls) {
    const at = typeof call["index"] === "number" ? call["index"] : answer.tools.length;
    const tool = (answer.tools[at] ??= { id: "", name: "", input: "" });
    const inner = isObject(call["function"]) ? call["function"] : {};
    tool.id = word(call["id"]) || tool.id;
    tool.name += word(inner["name"]);
    tool.input += word(inner["arguments"]);
  }
  return text !== "" || reasoning !== "" || calls.length > 0;
}

function addAnthropic(answer: Answer, event: Json): boolean {
  const message = isObject(event["message"]) ? event["message"] : {};
  const delta = isObject(event["delta"]) ? event["delta"] : {};
  takeUsage(answer, message["usage"] ?? event["usage"]);
  switch (event["type"]) {
    case "message_stop":
      answer.complete = true;
      return false;
    case "message_delta":
      answer.stop = word(delta["stop_reason"]) || answer.stop;
      return false;
    case "content_block_start": {
      const block = isObject(event["content_block"]) ? event["content_block"] : {};
      if (block["type"] !== "tool_use") return false;
      answer.tools.push({ id: word(block["id"]), name: word(block["name"]), input: "" });
      return true;
    }
    case "content_block_delta": {
      const input = word(delta["partial_json"]);
      const last = answer.tools.at(-1);
      if (input && last) last.input += input;
      answer.text += word(delta["text"]);
      answer.reasoning += word(delta["thinking"]);
      return true;
    }
    default:
      return false;
  }
}

/** An answer that came whole. */
export function wholeAnswer(body: unknown, dialect: Dialect): Answer {
  const answer = { ...emptyAnswer(), complete: true };
  if (!isObject(body)) return answer;
  if (body["error"] !== undefined && body["error"] !== null) answer.error = errorText(body);
  takeUsage(answer, body["usage"]);
  if (dialect === "anthropic") {
    answer.stop = word(body["stop_reason"]);
    for (const block of objects(body["content"])) {
      answer.text += word(block["text"]);
      answer.reasoning += word(block["thinking"]);
      if (block["type"] === "tool_use") answer.tools.push({ id: word(block["id"]), name: word(block["name"]), input: JSON.stringify(block["input"] ?? {}) });
    }
    return answer;
  }
  const choice = objects(body["choices"])[0];
  const message = choice && isObject(choice["message"]) ? choice["message"] : {};
  answer.stop = word(choice?.["finish_reason"]);
  answer.text = word(message["content"]) || word(message["refusal"]);
  answer.reasoning = word(message["reasoning_content"]) || word(message["reasoning"]);
  answer.tools = objects(message["tool_calls"]).map((call) => {
    const inner = isObject(call["function"]) ? call["function"] : {};
    return { id: word(call["id"]), name: word(inner["name"]), input: word(inner["arguments"]) };
  });
  return answer;
}

/** What an error says of itself, whatever the provider's form; the text as it is where it has none. */
export function errorText(body: unknown): string {
  if (typeof body === "string") return body;
  if (!isObject(body)) return "";
  const inner = body["error"];
  if (typeof inner === "string") return inner;
  if (isObject(inner)) return word(inner["message"]) || JSON.stringify(inner);
  return word(body["message"]) || word(body["detail"]) || JSON.stringify(body);
}

function takeUsage(answer: Answer, usage: unknown): void {
  if (!isObject(usage)) return;
  const number = (name: string) => (typeof usage[name] === "number" ? (usage[name] as number) : null);
  answer.inputTokens = number("prompt_tokens") ?? number("input_tokens") ?? answer.inputTokens;
  answer.outputTokens = number("completion_tokens") ?? number("output_tokens") ?? answer.outputTokens;
}
