import { compact, indent, isObject, objects, parseJson, word, type Fault, type Json } from "./json";
import type { Dialect } from "./convert";

/** A request as it is edited: what people write as text, all else as JSON. Its body is the same again where nothing changed. */
export interface Draft {
  dialect: Dialect;
  model: string;
  messages: DraftMessage[];
  /** A JSON list; empty: none. */
  tools: string;
  temperature: string;
  maxTokens: string;
  /** The member that `maxTokens` stands for. */
  maxName: string;
  topP: string;
  /** JSON of OpenAI's `response_format`; empty: none. */
  format: string;
  /** All other members, as a JSON object; empty: none. */
  more: string;
}

export interface DraftMessage {
  key: string;
  role: string;
  text: string;
  /** A content that is more than text, as JSON. */
  parts: string | null;
  /** Other members, such as tool_calls, as a JSON object; empty: none. */
  extra: string;
  /** Whether an empty text stands for null. */
  nullable: boolean;
}

export type Faults = Record<string, Fault>;

let made = 0;

export function newMessage(role: string, text = ""): DraftMessage {
  made += 1;
  return { key: `m${made}`, role, text, parts: null, extra: "", nullable: false };
}

export function blankDraft(model = "gpt-4o-mini"): Draft {
  return { ...draftOf({ model, messages: [] }, "openai"), messages: [newMessage("system"), newMessage("user")] };
}

const OWN = ["model", "messages", "tools", "temperature", "max_tokens", "max_completion_tokens", "top_p", "response_format", "stream", "stream_options"];

export function draftOf(body: Json, dialect: Dialect): Draft {
  const maxName = body["max_completion_tokens"] !== undefined ? "max_completion_tokens" : "max_tokens";
  const taken = (name: string) => OWN.includes(name) && !(["temperature", "top_p", "max_tokens", "max_completion_tokens"].includes(name) && !isPlain(body[name]));
  const rest = Object.fromEntries(Object.entries(body).filter(([name]) => !taken(name) && !(dialect === "anthropic" && name === "system")));
  const system = dialect === "anthropic" && body["system"] !== undefined ? [messageOf({ role: "system", content: body["system"] })] : [];
  return {
    dialect,
    model: word(body["model"]),
    messages: [...system, ...objects(body["messages"]).map(messageOf)],
    tools: Array.isArray(body["tools"]) ? indent(body["tools"]) : "",
    temperature: number(body["temperature"]),
    maxTokens: number(body[maxName]),
    maxName,
    topP: number(body["top_p"]),
    format: isObject(body["response_format"]) ? indent(body["response_format"]) : "",
    more: Object.keys(rest).length ? indent(rest) : "",
  };
}

function isPlain(value: unknown): boolean {
  return value === undefined || typeof value === "number";
}

function messageOf(message: Json): DraftMessage {
  const { role, content, ...rest } = message;
  const isText = typeof content === "string" || content === null || content === undefined;
  return {
    ...newMessage(word(role) || "user", typeof content === "string" ? content : ""),
    parts: isText ? null : indent(content),
    extra: Object.keys(rest).length ? indent(rest) : "",
    nullable: content === null,
  };
}

/** The body that a draft stands for, and what of it is wrong; a part that is no JSON is left out. */
export function bodyOf(draft: Draft): { body: Json; faults: Faults } {
  const faults: Faults = {};
  const read = (name: string, text: string, kind: "list" | "object" | "any"): unknown => {
    if (!text.trim()) return undefined;
    const { value, fault } = parseJson(text);
    if (fault) faults[name] = fault;
    else if (kind === "list" ? !Array.isArray(value) : kind === "object" && !isObject(value)) faults[name] = { message: `This is no ${kind === "list" ? "list: […]" : "object: {…}"}`, at: 0 };
    else return value;
    return undefined;
  };
  const figure = (name: string, text: string): number | undefined => {
    if (!text.trim()) return undefined;
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    faults[name] = { message: "This is no number", at: 0 };
    return undefined;
  };
  const messages = draft.messages.map((message): Json => {
    const extra = read(`${message.key}.extra`, message.extra, "object");
    const content = message.parts !== null ? (read(`${message.key}.parts`, message.parts, "any") ?? "") : message.nullable && message.text === "" ? null : message.text;
    return { role: message.role, content, ...(isObject(extra) ? extra : {}) };
  });
  const isSystem = (message: Json) => draft.dialect === "anthropic" && message["role"] === "system";
  const systems = messages.filter(isSystem).map((message) => message["content"]);
  const more = read("more", draft.more, "object");
  const body = compact({
    model: draft.model.trim() || undefined,
    [draft.maxName]: figure("maxTokens", draft.maxTokens),
    temperature: figure("temperature", draft.temperature),
    top_p: figure("topP", draft.topP),
    system: systems.length > 1 ? systems.map((each) => (typeof each === "string" ? each : indent(each))).join("\n\n") : systems[0],
    messages: messages.filter((message) => !isSystem(message)),
    tools: read("tools", draft.tools, "list"),
    response_format: read("format", draft.format, "object"),
    ...(isObject(more) ? more : {}),
  });
  return { body, faults };
}

function number(value: unknown): string {
  return typeof value === "number" ? String(value) : "";
}

/** Equal whatever the order of members. */
export function sameJson(one: unknown, other: unknown): boolean {
  return stable(one) === stable(other);
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (isObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member)) ?? "";
}
