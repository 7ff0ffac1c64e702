import type { Dialect } from "@/chat/convert";
import type { Json } from "@/chat/json";

export interface Snippet {
  title: string;
  text: string;
}

interface Use {
  id: string;
  /** Empty: production, or the newest. */
  environment: string;
  /** 0: by environment. */
  version: number;
  values: Json;
  gateway: string;
  dialect: Dialect;
}

/** Programs that call with a prompt: by headers, by fields of the body, in Python and TypeScript. */
export function snippets(use: Use): Snippet[] {
  return [curlHeaders(use), ...(use.dialect === "anthropic" ? [anthropicPython(use), anthropicTypeScript(use)] : [curlBody(use), python(use), typeScript(use)])];
}

function headersOf(use: Use): [string, string][] {
  return [
    ["Helicone-Prompt-Id", use.id],
    ...(use.version ? [["Helicone-Prompt-Version", String(use.version)] as [string, string]] : use.environment ? [["Helicone-Prompt-Environment", use.environment] as [string, string]] : []),
    ["Helicone-Prompt-Variables", ascii(JSON.stringify(use.values))],
  ];
}

/** A header's value holds ASCII alone. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function shell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function curlHeaders(use: Use): Snippet {
  const path = use.dialect === "anthropic" ? "/anthropic/v1/messages" : "/v1/chat/completions";
  const key = use.dialect === "anthropic" ? '-H "x-api-key: $ANTHROPIC_API_KEY" -H "anthropic-version: 2023-06-01"' : '-H "Authorization: Bearer $OPENAI_API_KEY"';
  const lines = headersOf(use).map(([name, value]) => `  -H ${shell(`${name}: ${value}`)} \\`);
  return { title: "curl", text: [`curl ${use.gateway}${path} \\`, `  ${key} \\`, `  -H "Content-Type: application/json" \\`, ...lines, `  -d '{}'`].join("\n") };
}

function fieldsOf(use: Use): Json {
  return { prompt_id: use.id, ...(use.version ? { version_id: String(use.version) } : use.environment ? { environment: use.environment } : {}), inputs: use.values };
}

function curlBody(use: Use): Snippet {
  const body = JSON.stringify(fieldsOf(use), null, 2);
  return { title: "curl, in the body", text: `curl ${use.gateway}/v1/chat/completions \\\n  -H "Authorization: Bearer $OPENAI_API_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d ${shell(body)}` };
}

function python(use: Use): Snippet {
  return {
    title: "Python",
    text: `from openai import OpenAI

client = OpenAI(base_url="${use.gateway}/v1")
answer = client.chat.completions.create(
    model="",  # the prompt's own
    messages=[],  # more messages follow those of the prompt
    extra_body=${pythonOf(fieldsOf(use), "    ")},
)
print(answer.choices[0].message.content)`,
  };
}

function typeScript(use: Use): Snippet {
  return {
    title: "TypeScript",
    text: `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${use.gateway}/v1" });
const answer = await client.chat.completions.create({
  model: "", // the prompt's own
  messages: [], // more messages follow those of the prompt
  // @ts-expect-error fields of the gateway
  ${JSON.stringify(fieldsOf(use), null, 2).slice(2, -2).trim().replaceAll("\n", "\n")},
});
console.log(answer.choices[0].message.content);`,
  };
}

function anthropicPython(use: Use): Snippet {
  return {
    title: "Python",
    text: `import anthropic

client = anthropic.Anthropic(base_url="${use.gateway}/anthropic")
message = client.messages.create(
    model="", max_tokens=1024, messages=[],  # what the prompt does not say
    extra_headers=${pythonOf(Object.fromEntries(headersOf(use)), "    ")},
)
print(message.content[0].text)`,
  };
}

function anthropicTypeScript(use: Use): Snippet {
  return {
    title: "TypeScript",
    text: `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "${use.gateway}/anthropic" });
const message = await client.messages.create(
  { model: "", max_tokens: 1024, messages: [] }, // what the prompt does not say
  { headers: ${JSON.stringify(Object.fromEntries(headersOf(use)), null, 2).replaceAll("\n", "\n  ")} },
);
console.log(message.content);`,
  };
}

/** A value as Python writes it. */
function pythonOf(value: unknown, indent: string): string {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null || value === undefined) return "None";
  if (Array.isArray(value)) return `[${value.map((each) => pythonOf(each, indent)).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}    `;
  const lines = Object.entries(value).map(([name, member]) => `${inner}${JSON.stringify(name)}: ${pythonOf(member, inner)},\n`);
  return lines.length ? `{\n${lines.join("")}${indent}}` : "{}";
}
