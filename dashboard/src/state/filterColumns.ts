/** The columns that the filter bar offers. The API knows more: any field of an event can be typed. */

export type ColumnKind = "text" | "number" | "bool" | "time" | "texts" | "search";

export interface FilterColumn {
  name: string;
  kind: ColumnKind;
  group: string;
  hint: string;
}

const table: [group: string, rows: [name: string, kind: ColumnKind, hint: string][]][] = [
  [
    "Result",
    [
      ["status", "number", "a code, or 4xx"],
      ["failed", "bool", "for whatever reason"],
      ["error", "text", "kind of error"],
      ["error_message", "text", "what the provider said"],
      ["outcome", "text", "success, or the phase that failed"],
      ["finish_reason", "text", "stop, length, tool_calls"],
      ["tool", "texts", "a tool that was called"],
      ["text", "search", "words of prompt and response"],
    ],
  ],
  [
    "Call",
    [
      ["model", "text", "as answered"],
      ["model_asked", "text", "as requested"],
      ["provider", "text", "by its name"],
      ["operation", "text", "chat, messages, embeddings"],
      ["name", "text", "Helicone-Request-Name"],
      ["prompt", "text", "managed prompt"],
      ["prompt_version", "text", "of a managed prompt"],
      ["path", "text", "of the URL"],
      ["streamed", "bool", ""],
      ["id", "text", "of the call"],
    ],
  ],
  [
    "Who",
    [
      ["user", "text", "Helicone-User-Id"],
      ["session", "text", "Helicone-Session-Id"],
      ["session_name", "text", "Helicone-Session-Name"],
      ["session_path", "text", "place in the session"],
      ["key", "text", "API key"],
      ["trace", "text", "trace id"],
    ],
  ],
  [
    "Figures",
    [
      ["cost", "number", "US dollars"],
      ["saved", "number", "US dollars, by the cache"],
      ["latency", "number", "2s, 300ms"],
      ["ttft", "number", "time to the first token"],
      ["tokens", "number", "input and output, 10k"],
      ["input_tokens", "number", ""],
      ["output_tokens", "number", ""],
      ["tokens_per_second", "number", "speed of the output"],
      ["attempt_count", "number", "1 is no retry"],
      ["request_size", "number", "bytes"],
      ["response_size", "number", "bytes"],
      ["start", "time", "7d, 2026-01-31"],
    ],
  ],
  [
    "Gateway and ratings",
    [
      ["cached", "bool", "served from the cache"],
      ["feedback", "text", "good, bad, neutral"],
      ["scored", "bool", "has a score or a rating"],
    ],
  ],
];

export const FILTER_COLUMNS: FilterColumn[] = table.flatMap(([group, rows]) => rows.map(([name, kind, hint]) => ({ name, kind, group, hint })));

const KINDS = new Map(FILTER_COLUMNS.map((column) => [column.name, column.kind]));
const NUMBER = /_(ms|tokens|size|nanousd)$/;

/** What a column holds; of one that is not in the list, what its name says. */
export function kindOf(name: string): ColumnKind {
  return KINDS.get(name) ?? (NUMBER.test(name) ? "number" : "text");
}
