/** A conversation as the page draws it, whatever the dialect. */

export interface Citation {
  title: string;
  url: string;
  text: string;
}

export interface Media {
  what: "image" | "audio" | "video" | "file";
  /** Media type, empty where it is not said. */
  type: string;
  name: string;
  /** Size, where the bytes are in the body. */
  bytes: number | null;
  /** An http(s) address: shown as a link, never loaded. */
  url: string;
  /** The provider's id of a file. */
  id: string;
  /** base64 or a data: URL. */
  data: string;
}

export interface ToolResult {
  parts: Part[];
  failed: boolean;
}

export type Part =
  | { kind: "text"; text: string; citations?: Citation[] }
  | { kind: "reasoning"; text: string; note: string }
  | { kind: "refusal"; text: string }
  | { kind: "media"; media: Media }
  | { kind: "tool call"; name: string; id: string; input: string; note: string; result?: ToolResult }
  | { kind: "tool result"; id: string; name: string; result: ToolResult }
  | { kind: "vector"; dimensions: number; first: number[]; note: string }
  | { kind: "other"; label: string; json: string };

export interface Message {
  role: string;
  name: string;
  parts: Part[];
  /** Why it ended, which choice it is. */
  note: string;
}

export interface Tool {
  name: string;
  description: string;
  schema: string;
}

export interface Conversation {
  messages: Message[];
  answers: Message[];
  tools: Tool[];
  /** Parameters of the request by name. */
  settings: [string, string][];
}

export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function word(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/** A value as text: itself where it is text, else JSON. */
export function plain(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value, null, 2) ?? "";
  } catch {
    return "";
  }
}
