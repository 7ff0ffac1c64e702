import { jsonOrText, partsOf, toolCallOf } from "./parts";
import { isObject, objects, plain, word, type Json, type Message, type Part, type Tool } from "./types";

const NOT_SETTINGS = new Set(["messages", "contents", "input", "prompt", "system", "instructions", "systemInstruction", "system_instruction", "tools", "functions", "toolConfig", "inputs", "documents", "texts", "query", "preamble", "chat_history", "message", "content", "requests"]);

/** What a request says, as messages. Null where it is no conversation that is known. */
export function messagesOf(body: unknown): Message[] | null {
  if (!isObject(body)) return null;
  const messages: Message[] = [];
  const system = body["system"] ?? body["instructions"] ?? body["preamble"] ?? field(body["systemInstruction"] ?? body["system_instruction"], "parts");
  if (system) messages.push(message("system", partsOf(system)));
  const list = body["messages"] ?? body["contents"] ?? body["input"] ?? body["prompt"] ?? body["inputs"] ?? body["texts"] ?? body["query"] ?? body["inputText"] ?? body["instances"];
  if (Array.isArray(body["images"])) messages.push(message("input", body["images"].flatMap((image) => partsOf(imageOf(image)))));
  if (isObject(body["document"])) messages.push(message("user", partsOf({ type: "document", document: { url: body["document"]["document_url"] ?? body["document"]["image_url"] } })));
  if (typeof body["message"] === "string" && Array.isArray(body["chat_history"])) {
    messages.push(...body["chat_history"].map(messageOf), message("user", partsOf(body["message"])));
    return messages;
  }
  if (typeof list === "string") messages.push(message("user", partsOf(list)));
  else if (Array.isArray(list)) messages.push(...listed(list));
  else if (typeof body["message"] === "string") messages.push(message("user", partsOf(body["message"])));
  else if (isObject(body["content"])) messages.push(messageOf(body["content"]));
  else if (Array.isArray(body["requests"])) messages.push(...objects(body["requests"]).map((each) => messageOf(each["content"])));
  else if (!messages.length) return null;
  const documents = body["documents"];
  if (Array.isArray(documents)) messages.push(message("documents", documents.map((each) => (isObject(each) && typeof each["text"] === "string" ? { kind: "text", text: each["text"] } : jsonOrText(each)))));
  return messages;
}

function listed(list: unknown[]): Message[] {
  // Texts to embed: one message; their numbers, when they came as token ids, tell nobody anything.
  if (list.every((each) => typeof each === "string")) return list.map((each) => message("input", partsOf(each)));
  if (list.every((each) => typeof each === "number" || Array.isArray(each))) return [message("input", [{ kind: "other", label: `${list.length} token ids`, json: plain(list.slice(0, 200)) }])];
  const messages: Message[] = [];
  for (const each of list) {
    const made = messageOf(each);
    const last = messages.at(-1);
    // Responses has an item for each thing that a model says: they are one turn
    if (isObject(each) && each["type"] && each["type"] !== "message" && made.role === "assistant" && last?.role === "assistant") last.parts.push(...made.parts);
    else messages.push(made);
  }
  return messages;
}

function message(role: string, parts: Part[], name = ""): Message {
  return { role, name, parts, note: "" };
}

/** One message, or one item of a list of OpenAI Responses. */
export function messageOf(item: unknown): Message {
  if (!isObject(item)) return message("user", partsOf(item));
  const kind = word(item["type"]);
  if (kind.endsWith("_call_output") || kind === "function_result") return message("tool", [resultOf(word(item["call_id"]), item["output"] ?? item["result"], item["status"] === "failed")]);
  if (kind === "reasoning") return message("assistant", partsOf(item));
  if (kind.endsWith("_call") || kind === "mcp_list_tools" || kind === "mcp_approval_request") return message("assistant", providerCallOf(item, kind));
  const role = word(item["role"]) || (kind.endsWith("_output") ? "assistant" : "user");
  if (role === "tool" || role === "function") return message("tool", [resultOf(word(item["tool_call_id"]), item["content"], false, word(item["name"]))]);
  const parts: Part[] = [];
  const reasoning = item["reasoning_content"] ?? item["reasoning"] ?? item["thinking"];
  if (typeof reasoning === "string" && reasoning) parts.push({ kind: "reasoning", text: reasoning, note: "" });
  const content = partsOf(item["content"] ?? item["parts"] ?? (item["message"] as unknown));
  const listed = { annotations: item["annotations"] };
  const only = content.length === 1 ? content[0] : undefined;
  if (only?.kind === "text" && Array.isArray(listed.annotations) && !only.citations) parts.push(...partsOf({ type: "text", text: only.text, ...listed }));
  else parts.push(...content);
  if (typeof item["refusal"] === "string" && item["refusal"]) parts.push({ kind: "refusal", text: item["refusal"] });
  if (typeof item["tool_plan"] === "string") parts.push({ kind: "reasoning", text: item["tool_plan"], note: "plan" });
  parts.push(...objects(item["tool_calls"]).map((call) => toolCallOf(call)));
  if (isObject(item["function_call"]) && item["function_call"]["name"]) parts.push(toolCallOf(item["function_call"]));
  parts.push(...partsOf(Array.isArray(item["images"]) ? item["images"].map(imageOf) : null));
  if (isObject(item["audio"])) parts.push(...audioOf(item["audio"]));
  return message(ROLES[role] ?? role, parts, word(item["name"]));
}

const ROLES: Record<string, string> = { model: "assistant", USER: "user", CHATBOT: "assistant", SYSTEM: "system", TOOL: "tool" };

function imageOf(image: unknown): unknown {
  return typeof image === "string" ? { type: "image", source: { data: image, media_type: "image" } } : image;
}

function audioOf(audio: Json): Part[] {
  const transcript = word(audio["transcript"]);
  return [...partsOf(audio["data"] || audio["id"] ? { type: "audio", audio } : null), ...partsOf(transcript)];
}

function resultOf(id: string, content: unknown, failed: boolean, name = ""): Part {
  const parts = isObject(content) && !content["type"] ? [jsonOrText(content)] : partsOf(content);
  return { kind: "tool result", id, name, result: { parts, failed } };
}

/** A tool of the provider: a web search, code, an image. Its result is in the same item. */
function providerCallOf(item: Json, kind: string): Part[] {
  if (kind === "function_call" || kind === "custom_tool_call") return [toolCallOf(item)];
  if (kind === "image_generation_call" && typeof item["result"] === "string") return partsOf({ type: "image", image: { b64_json: item["result"], format: item["output_format"] ?? "png" } });
  const { type: _type, id, status, output, results, outputs, result, ...input } = item;
  const shown = output ?? results ?? outputs ?? result;
  const call = toolCallOf({ name: kind.replace(/_call$/, "").replaceAll("_", " "), id, arguments: input["action"] ?? input["arguments"] ?? input["queries"] ?? input["code"] ?? input["tools"] ?? input }, "ran at the provider");
  return call.kind === "tool call" && shown ? [{ ...call, result: { parts: [jsonOrText(shown)], failed: status === "failed" } }] : [call];
}

/** The tools that a request offers. */
export function toolsOf(body: unknown): Tool[] {
  if (!isObject(body)) return [];
  const bedrock = isObject(body["toolConfig"]) ? objects(body["toolConfig"]["tools"]).map((each) => each["toolSpec"]) : [];
  const listed = [...objects(body["tools"]), ...objects(body["functions"]), ...bedrock.filter(isObject)];
  return listed.flatMap((tool): Tool[] => {
    const declared = objects(tool["functionDeclarations"] ?? tool["function_declarations"]);
    if (declared.length) return declared.map(toolOf);
    return [toolOf(isObject(tool["function"]) ? tool["function"] : tool)];
  });
}

function toolOf(tool: Json): Tool {
  const name = word(tool["name"]) || word(tool["type"]).replaceAll("_", " ") || Object.keys(tool)[0] || "tool";
  const schema = tool["parameters"] ?? tool["input_schema"] ?? tool["parametersJsonSchema"] ?? tool["inputSchema"] ?? tool["parameter_definitions"];
  return { name, description: word(tool["description"]), schema: schema === undefined ? plain(tool) : plain(schema) };
}

/** The parameters of a request beside what is said in it. */
export function settingsOf(body: unknown): [string, string][] {
  if (!isObject(body)) return [];
  return Object.entries(body)
    .filter(([name, value]) => !NOT_SETTINGS.has(name) && value !== null)
    .slice(0, 60)
    .map(([name, value]) => [name, typeof value === "object" ? (JSON.stringify(value) ?? "").slice(0, 400) : String(value).slice(0, 400)]);
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : value;
}
