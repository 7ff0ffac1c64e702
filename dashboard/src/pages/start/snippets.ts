/** Programs that send a first call through the gateway. */

export const CLIENTS = ["OpenAI", "Anthropic", "Claude Code", "Codex"] as const;
export type Client = (typeof CLIENTS)[number];

/** The forms that a client's snippet has; agents have one. */
export const FORMS: Record<Client, string[]> = {
  OpenAI: ["Python", "TypeScript", "curl"],
  Anthropic: ["Python", "TypeScript", "curl"],
  "Claude Code": ["Shell"],
  Codex: ["config.toml"],
};

/** `key` is a Perihelion key where one is needed; without it the snippet names none. */
export function snippet(client: Client, form: string, gateway: string, key = ""): string {
  const headers: [string, string][] = [...(key ? [["Helicone-Auth", `Bearer ${key}`] as [string, string]] : []), ["Helicone-User-Id", "ada"]];
  const object = (open = "{", indent = "        ") => `${open}\n${headers.map(([name, value]) => `${indent}"${name}": "${value}",`).join("\n")}\n${indent.slice(4)}}`;
  const flags = headers.map(([name, value]) => `  -H "${name}: ${value}" \\`).join("\n");
  switch (`${client} ${form}`) {
    case "OpenAI Python":
      return `from openai import OpenAI

client = OpenAI(
    base_url="${gateway}/v1",
    default_headers=${object()},
)
answer = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.choices[0].message.content)`;
    case "OpenAI TypeScript":
      return `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: "${gateway}/v1",
  defaultHeaders: ${object("{", "    ").replace(/\n}$/, "\n  }")},
});
const answer = await client.chat.completions.create({
  model: "gpt-4o-mini",
  messages: [{ role: "user", content: "Say hello." }],
});
console.log(answer.choices[0].message.content);`;
    case "OpenAI curl":
      return `curl ${gateway}/v1/chat/completions \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
${flags}
  -H "Content-Type: application/json" \\
  -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}'`;
    case "Anthropic Python":
      return `import anthropic

client = anthropic.Anthropic(
    base_url="${gateway}/anthropic",
    default_headers=${object()},
)
message = client.messages.create(
    model="claude-sonnet-4-5",
    max_tokens=100,
    messages=[{"role": "user", "content": "Say hello."}],
)
print(message.content[0].text)`;
    case "Anthropic TypeScript":
      return `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({
  baseURL: "${gateway}/anthropic",
  defaultHeaders: ${object("{", "    ").replace(/\n}$/, "\n  }")},
});
const message = await client.messages.create({
  model: "claude-sonnet-4-5",
  max_tokens: 100,
  messages: [{ role: "user", content: "Say hello." }],
});
console.log(message.content);`;
    case "Anthropic curl":
      return `curl ${gateway}/anthropic/v1/messages \\
  -H "x-api-key: $ANTHROPIC_API_KEY" -H "anthropic-version: 2023-06-01" \\
${flags}
  -H "Content-Type: application/json" \\
  -d '{"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Say hello."}]}'`;
    case "Claude Code Shell":
      return `export ANTHROPIC_BASE_URL=${gateway}/anthropic
export ANTHROPIC_CUSTOM_HEADERS="${[...(key ? [`Helicone-Auth: Bearer ${key}`] : []), "Helicone-Property-App: claude-code"].join("\n")}"
claude`;
    case "Codex config.toml":
      return `# ~/.codex/config.toml
model_provider = "perihelion"

[model_providers.perihelion]
name = "OpenAI through Perihelion"
base_url = "${gateway}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
http_headers = { ${key ? `"Helicone-Auth" = "Bearer ${key}", ` : ""}"Helicone-Property-App" = "codex" }`;
  }
  return "";
}
