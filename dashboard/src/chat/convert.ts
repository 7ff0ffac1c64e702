import { compact, isObject, objects, word, type Json } from "./json";

/** Bodies of one format as bodies of another. What the other has no word for is left out. */

export type Dialect = "openai" | "anthropic";

/** The format of a request's body, as far as its members tell. */
export function formatOf(body: Json): Dialect | "responses" | "gemini" {
  if (Array.isArray(body["contents"])) return "gemini";
  if (body["input"] !== undefined && body["messages"] === undefined) return "responses";
  const tool = objects(body["tools"])[0];
  if (body["system"] !== undefined || tool?.["input_schema"] !== undefined || body["stop_sequences"] !== undefined || body["thinking"] !== undefined) return "anthropic";
  const blocks = objects(body["messages"]).flatMap((message) => objects(message["content"]));
  if (blocks.some((block) => ["tool_use", "tool_result", "thinking"].includes(word(block["type"])) || isObject(block["source"]))) return "anthropic";
  return "openai";
}

/** A body that the playground can edit: OpenAI's chat format, or Anthropic's as it is. */
export function editable(body: Json): { body: Json; dialect: Dialect } {
  const format = formatOf(body);
  if (format === "anthropic") return { body, dialect: "anthropic" };
  return { body: format === "gemini" ? fromGemini(body) : format === "responses" ? fromResponses(body) : body, dialect: "openai" };
}

export function convert(body: Json, from: Dialect, to: Dialect): Json {
  if (from === to) return body;
  return to === "anthropic" ? toAnthropic(body) : toOpenAi(body);
}

function toAnthropic(body: Json): Json {
  const { messages, tools, tool_choice, max_tokens, max_completion_tokens, stop, temperature, top_p, model, stream } = body;
  const all = objects(messages);
  const system = all.filter((message) => ["system", "developer"].includes(word(message["role"]))).map((message) => textOf(message["content"]));
  const choice = word(tool_choice) || (isObject(tool_choice) ? "tool" : "");
  return compact({
    model,
    max_tokens: max_tokens ?? max_completion_tokens ?? 1024,
    system: system.length ? system.join("\n\n") : undefined,
    messages: merged(all.flatMap(anthropicMessage)),
    tools: Array.isArray(tools) ? objects(tools).map(anthropicTool) : undefined,
    tool_choice: choice === "tool" ? { type: "tool", name: word(inner(tool_choice)["name"]) } : choice === "required" ? { type: "any" } : choice ? { type: choice } : undefined,
    stop_sequences: stop === undefined || stop === null ? undefined : Array.isArray(stop) ? stop : [stop],
    temperature,
    top_p,
    stream,
  });
}

function anthropicMessage(message: Json): Json[] {
  const role = word(message["role"]);
  if (role === "system" || role === "developer") return [];
  if (role === "tool") {
    return [{ role: "user", content: [{ type: "tool_result", tool_use_id: word(message["tool_call_id"]), content: message["content"] ?? "" }] }];
  }
  const calls = objects(message["tool_calls"]).map((call) => ({ type: "tool_use", id: word(call["id"]), name: word(inner(call)["name"]), input: argumentsOf(inner(call)["arguments"]) }));
  const content = message["content"];
  if (!calls.length && typeof content === "string") return [{ role, content }];
  const blocks = typeof content === "string" ? (content ? [{ type: "text", text: content }] : []) : objects(content).flatMap(anthropicBlock);
  return [{ role, content: [...blocks, ...calls] }];
}

function anthropicBlock(part: Json): Json[] {
  if (part["type"] === "text") return [{ type: "text", text: word(part["text"]) }];
  const url = isObject(part["image_url"]) ? word(part["image_url"]["url"]) : word(part["image_url"]);
  const data = /^data:([^;,]+);base64,(.*)$/s.exec(url);
  if (data) return [{ type: "image", source: { type: "base64", media_type: data[1], data: data[2] } }];
  return url ? [{ type: "image", source: { type: "url", url } }] : [];
}

function anthropicTool(tool: Json): Json {
  const { name, description, parameters } = inner(tool);
  return compact({ name, description, input_schema: parameters ?? { type: "object", properties: {} } });
}

/** Messages of one role that follow each other are one message: results of tools that were called together. */
function merged(messages: Json[]): Json[] {
  const out: Json[] = [];
  for (const message of messages) {
    const last = out.at(-1);
    if (last && last["role"] === message["role"] && Array.isArray(last["content"]) && Array.isArray(message["content"])) {
      last["content"] = [...last["content"], ...message["content"]];
    } else out.push({ ...message });
  }
  return out;
}

function toOpenAi(body: Json): Json {
  const { system, messages, tools, tool_choice, max_tokens, stop_sequences, temperature, top_p, model, stream } = body;
  const choice = isObject(tool_choice) ? word(tool_choice["type"]) : "";
  return compact({
    model,
    messages: [...(system === undefined || system === null ? [] : [{ role: "system", content: textOf(system) }]), ...objects(messages).flatMap(openAiMessages)],
    tools: Array.isArray(tools)
      ? objects(tools).map((tool) => ({ type: "function", function: compact({ name: tool["name"], description: tool["description"], parameters: tool["input_schema"] }) }))
      : undefined,
    tool_choice: choice === "tool" ? { type: "function", function: { name: word((tool_choice as Json)["name"]) } } : choice === "any" ? "required" : choice || undefined,
    max_tokens,
    stop: stop_sequences,
    temperature,
    top_p,
    stream,
  });
}

function openAiMessages(message: Json): Json[] {
  const { role, content } = message;
  if (typeof content === "string") return [{ role, content }];
  const blocks = objects(content);
  const results = blocks.filter((block) => block["type"] === "tool_result").map((block) => ({ role: "tool", tool_call_id: word(block["tool_use_id"]), content: textOf(block["content"]) }));
  const calls = blocks
    .filter((block) => block["type"] === "tool_use")
    .map((block) => ({ id: word(block["id"]), type: "function", function: { name: word(block["name"]), arguments: JSON.stringify(block["input"] ?? {}) } }));
  const parts = blocks.flatMap(openAiPart);
  const plain = parts.every((part) => part["type"] === "text") ? parts.map((part) => word(part["text"])).join("\n") : parts;
  const own = parts.length || calls.length ? [compact({ role, content: parts.length ? plain : null, tool_calls: calls.length ? calls : undefined })] : [];
  return [...results, ...own];
}

function openAiPart(block: Json): Json[] {
  if (block["type"] === "text") return [{ type: "text", text: word(block["text"]) }];
  const source = isObject(block["source"]) ? block["source"] : {};
  if (block["type"] !== "image") return [];
  return [{ type: "image_url", image_url: { url: source["type"] === "url" ? word(source["url"]) : `data:${word(source["media_type"])};base64,${word(source["data"])}` } }];
}

/** OpenAI's Responses format as chat. */
function fromResponses(body: Json): Json {
  const { instructions, input, tools, max_output_tokens, temperature, top_p, model } = body;
  const items = typeof input === "string" ? [{ role: "user", content: input }] : objects(input).flatMap(responsesItem);
  return compact({
    model,
    messages: [...(instructions ? [{ role: "system", content: word(instructions) }] : []), ...items],
    tools: Array.isArray(tools)
      ? objects(tools).filter((tool) => tool["type"] === "function").map((tool) => ({ type: "function", function: compact({ name: tool["name"], description: tool["description"], parameters: tool["parameters"] }) }))
      : undefined,
    max_completion_tokens: max_output_tokens,
    temperature,
    top_p,
  });
}

function responsesItem(item: Json): Json[] {
  if (item["type"] === "function_call") {
    return [{ role: "assistant", content: null, tool_calls: [{ id: word(item["call_id"]), type: "function", function: { name: word(item["name"]), arguments: word(item["arguments"]) } }] }];
  }
  if (item["type"] === "function_call_output") return [{ role: "tool", tool_call_id: word(item["call_id"]), content: textOf(item["output"]) }];
  if (item["type"] === "reasoning") return [];
  const parts = objects(item["content"]);
  const images = parts.filter((part) => part["type"] === "input_image").map((part) => ({ type: "image_url", image_url: { url: word(part["image_url"]) } }));
  const text = textOf(item["content"]);
  return [{ role: word(item["role"]) || "user", content: images.length ? [...(text ? [{ type: "text", text }] : []), ...images] : text }];
}

/** Gemini's format as chat. */
function fromGemini(body: Json): Json {
  const config = isObject(body["generationConfig"]) ? body["generationConfig"] : {};
  const system = body["systemInstruction"] ?? body["system_instruction"];
  const declared = objects(body["tools"]).flatMap((tool) => objects(tool["functionDeclarations"] ?? tool["function_declarations"]));
  return compact({
    messages: [...(isObject(system) ? [{ role: "system", content: textOf(system["parts"]) }] : []), ...objects(body["contents"]).flatMap(geminiMessages)],
    tools: declared.length ? declared.map((each) => ({ type: "function", function: each })) : undefined,
    temperature: config["temperature"],
    top_p: config["topP"],
    max_tokens: config["maxOutputTokens"],
  });
}

function geminiMessages(content: Json): Json[] {
  const parts = objects(content["parts"]);
  const role = content["role"] === "model" ? "assistant" : "user";
  const results = parts.filter((part) => isObject(part["functionResponse"])).map((part) => {
    const answer = part["functionResponse"] as Json;
    return { role: "tool", tool_call_id: word(answer["name"]), content: JSON.stringify(answer["response"] ?? {}) };
  });
  const calls = parts.filter((part) => isObject(part["functionCall"])).map((part) => {
    const call = part["functionCall"] as Json;
    return { id: word(call["name"]), type: "function", function: { name: word(call["name"]), arguments: JSON.stringify(call["args"] ?? {}) } };
  });
  const images = parts.filter((part) => isObject(part["inlineData"])).map((part) => {
    const data = part["inlineData"] as Json;
    return { type: "image_url", image_url: { url: `data:${word(data["mimeType"])};base64,${word(data["data"])}` } };
  });
  const text = parts.filter((part) => part["thought"] !== true).map((part) => word(part["text"])).filter(Boolean).join("\n");
  if (!text && !calls.length && !images.length) return results;
  const whole = images.length ? [...(text ? [{ type: "text", text }] : []), ...images] : text || null;
  return [...results, compact({ role, content: whole, tool_calls: calls.length ? calls : undefined })];
}

function inner(tool: unknown): Json {
  return isObject(tool) ? (isObject(tool["function"]) ? tool["function"] : tool) : {};
}

function argumentsOf(text: unknown): unknown {
  if (typeof text !== "string") return text ?? {};
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** The text of a content, whatever its form. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return objects(content)
    .map((part) => word(part["text"]))
    .filter(Boolean)
    .join("\n");
}
