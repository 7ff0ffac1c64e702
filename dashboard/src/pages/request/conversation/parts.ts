import { packedOf } from "../json/base64";
import { isObject, objects, plain, word, type Citation, type Json, type Media, type Part } from "./types";

const MAX_DEPTH = 12;

/** The parts of a message's content: of text, of a block, or of a list of blocks, in the form of any dialect. */
export function partsOf(content: unknown, depth = 0): Part[] {
  if (content === null || content === undefined || content === "" || depth > MAX_DEPTH) return [];
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (Array.isArray(content)) return joined(content.flatMap((each) => partsOf(each, depth + 1)));
  if (!isObject(content)) return [{ kind: "text", text: plain(content) }];
  return blockOf(content, word(content["type"]), depth);
}

function blockOf(block: Json, kind: string, depth: number): Part[] {
  const call = isObject(block["functionCall"]) ? block["functionCall"] : isObject(block["toolUse"]) ? block["toolUse"] : null;
  if (call || CALLS.has(kind)) return [toolCallOf(call ?? block, kind === "server_tool_use" ? "ran at the provider" : "")];
  const bedrock = block["toolResult"];
  if (isObject(bedrock)) return [{ kind: "tool result", id: word(bedrock["toolUseId"]), name: "", result: { parts: partsOf(bedrock["content"], depth + 1), failed: bedrock["status"] === "error" } }];
  const response = block["functionResponse"];
  if (isObject(response)) return [{ kind: "tool result", id: word(response["id"]), name: word(response["name"]), result: { parts: [jsonOrText(response["response"])], failed: isObject(response["response"]) && "error" in response["response"] } }];
  if (kind === "tool_result" || kind.endsWith("_tool_result")) {
    return [{ kind: "tool result", id: word(block["tool_use_id"]), name: "", result: { parts: partsOf(block["content"], depth + 1), failed: block["is_error"] === true } }];
  }
  if (kind === "thinking" || kind === "reasoning" || kind === "thought" || block["thought"] === true || isObject(block["reasoningContent"])) return reasoningOf(block);
  if (kind === "redacted_thinking") return [{ kind: "reasoning", text: "", note: "encrypted by the provider" }];
  if (typeof block["refusal"] === "string") return [{ kind: "refusal", text: block["refusal"] }];
  const media = mediaOf(block, kind);
  if (media) return [{ kind: "media", media }];
  if (isObject(block["executableCode"])) return [{ kind: "tool call", name: "code execution", id: "", input: plain(block["executableCode"]), note: "ran at the provider" }];
  if (isObject(block["codeExecutionResult"])) return [{ kind: "tool result", id: "", name: "code execution", result: { parts: partsOf(block["codeExecutionResult"]["output"]), failed: block["codeExecutionResult"]["outcome"] !== "OUTCOME_OK" } }];
  const text = block["text"] ?? (kind === "document" ? undefined : block["content"]);
  if (typeof text === "string") return [withCitations({ kind: "text", text }, citationsOf(block["annotations"] ?? block["citations"]))];
  if (kind === "search_result" || kind === "web_search_result") return [withCitations({ kind: "text", text: "" }, [{ title: word(block["title"]), url: word(block["url"]) || word(block["source"]), text: "" }])];
  if ("json" in block && !kind) return [jsonOrText(block["json"])];
  if (typeof block["thoughtSignature"] === "string") return [{ kind: "reasoning", text: "", note: "encrypted by the provider" }];
  const names = Object.keys(block);
  return [{ kind: "other", label: kind.replaceAll("_", " ") || (names.length === 1 ? names[0]! : "JSON"), json: plain(block) }];
}

const CALLS = new Set(["tool_use", "server_tool_use", "mcp_tool_use", "function_call", "tool-call"]);

/** Neighbouring texts of a streamed answer as one, where no citation stands between them. */
function joined(parts: Part[]): Part[] {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (part.kind === "reasoning" && last?.kind === "reasoning" && last.note === part.note) last.text += (last.text && part.text ? "\n\n" : "") + part.text;
    else out.push(part);
  }
  return out;
}

export function toolCallOf(call: Json, note = ""): Part {
  const inner = isObject(call["function"]) ? call["function"] : isObject(call["custom"]) ? call["custom"] : call;
  const input = inner["arguments"] ?? inner["input"] ?? inner["args"] ?? inner["parameters"] ?? {};
  return {
    kind: "tool call",
    name: word(inner["name"]) || word(call["name"]) || word(call["type"]).replaceAll("_", " ") || "tool",
    id: word(call["id"]) || word(call["call_id"]) || word(call["toolUseId"]),
    input: plain(input),
    note,
  };
}

export function jsonOrText(value: unknown): Part {
  return typeof value === "string" ? { kind: "text", text: value } : { kind: "other", label: "JSON", json: plain(value) };
}

function reasoningOf(block: Json): Part[] {
  const inner = isObject(block["reasoningContent"]) ? block["reasoningContent"] : block;
  const listed = [...objects(inner["summary"]), ...objects(inner["content"]), ...objects(inner["thinking"])].map((each) => word(each["text"])).join("\n\n");
  const nested = isObject(inner["reasoningText"]) ? word(inner["reasoningText"]["text"]) : "";
  const text = word(inner["thinking"]) || word(inner["text"]) || nested || listed || word(inner["reasoning"]);
  const hidden = !text && (inner["encrypted_content"] || inner["signature"] || inner["redactedContent"] || inner["data"]);
  return text || hidden ? [{ kind: "reasoning", text, note: hidden ? "encrypted by the provider" : "" }] : [];
}

function withCitations(part: { kind: "text"; text: string }, citations: Citation[]): Part {
  return citations.length ? { ...part, citations } : part;
}

/** What a text refers to: annotations of OpenAI, citations of Anthropic, grounding of Gemini. */
export function citationsOf(list: unknown): Citation[] {
  return objects(list).map((each) => {
    const inner = isObject(each["url_citation"]) ? each["url_citation"] : isObject(each["web"]) ? each["web"] : isObject(each["file_citation"]) ? each["file_citation"] : each;
    return {
      title: word(inner["title"]) || word(inner["document_title"]) || word(inner["filename"]) || word(inner["file_id"]) || word(each["type"]).replaceAll("_", " "),
      url: word(inner["url"]) || word(inner["uri"]),
      text: word(inner["cited_text"]) || word(inner["quote"]),
    };
  });
}

const BY_TYPE: [RegExp, Media["what"]][] = [
  [/image|png|jpe?g|gif|webp/i, "image"],
  [/audio|wav|mp3|opus|pcm/i, "audio"],
  [/video|mp4/i, "video"],
];

function whatOf(hint: string): Media["what"] {
  return BY_TYPE.find(([pattern]) => pattern.test(hint))?.[1] ?? "file";
}

/** An image, a sound, a film or a file. Null for other blocks. */
export function mediaOf(block: Json, kind: string): Media | null {
  const named = ["image_url", "input_audio", "audio", "inlineData", "inline_data", "fileData", "file_data", "image", "document", "video", "file", "video_url", "source"].find((name) => isObject(block[name]) || (name === "image_url" && typeof block[name] === "string"));
  if (!named && !/image|audio|document|^input_file|^file/.test(kind)) return null;
  const found = named ? block[named] : block;
  const holder: Json = isObject(found) ? found : { url: found };
  const source: Json = isObject(holder["source"]) ? holder["source"] : holder;
  if (Array.isArray(source["content"]) || source["type"] === "text") return null;
  const address = word(source["url"]) || word(source["fileUri"]) || word(source["file_uri"]) || word(source["file_url"]);
  const inline = word(source["data"]) || word(source["file_data"]) || word(source["bytes"]) || word(source["b64_json"]) || word(source["result"]) || (address.startsWith("data:") ? address : "");
  const type = word(source["media_type"]) || word(source["mimeType"]) || word(source["mime_type"]) || word(source["format"]) || word(holder["format"]);
  const packed = inline ? packedOf(inline) : null;
  const known = type.includes("/") ? type : packed?.type || type;
  const id = word(source["file_id"]) || word(source["id"]);
  if (!inline && !address && !id) return null;
  return {
    what: whatOf(`${known} ${kind} ${named ?? ""}`),
    type: known,
    name: word(source["filename"]) || word(block["title"]) || word(holder["name"]),
    bytes: inline ? (packed?.bytes ?? Math.floor((inline.length * 3) / 4)) : null,
    url: /^https?:/i.test(address) ? address : "",
    id: id || (address && !/^(https?|data):/i.test(address) ? address : ""),
    data: inline,
  };
}
