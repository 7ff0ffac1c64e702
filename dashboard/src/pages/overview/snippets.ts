/** Programs that send a first call through the gateway of this machine. */
export interface Snippet {
  title: string;
  text: string;
}

export function snippets(gateway = `${location.protocol}//${location.hostname}:8787`): Snippet[] {
  return [
    {
      title: "OpenAI · Python",
      text: `from openai import OpenAI

client = OpenAI(
    base_url="${gateway}/v1",
    default_headers={"Helicone-User-Id": "ada", "Helicone-Property-Feature": "search"},
)
answer = client.chat.completions.create(
    model="gpt-4o-mini", messages=[{"role": "user", "content": "Say hello."}]
)
print(answer.choices[0].message.content)`,
    },
    {
      title: "OpenAI · TypeScript",
      text: `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: "${gateway}/v1",
  defaultHeaders: { "Helicone-User-Id": "ada", "Helicone-Property-Feature": "search" },
});
const answer = await client.chat.completions.create({
  model: "gpt-4o-mini",
  messages: [{ role: "user", content: "Say hello." }],
});
console.log(answer.choices[0].message.content);`,
    },
    {
      title: "Anthropic · Python",
      text: `import anthropic

client = anthropic.Anthropic(
    base_url="${gateway}/anthropic", default_headers={"Helicone-User-Id": "ada"}
)
message = client.messages.create(
    model="claude-sonnet-4-5", max_tokens=100, messages=[{"role": "user", "content": "Say hello."}]
)
print(message.content[0].text)`,
    },
    {
      title: "Anthropic · TypeScript",
      text: `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "${gateway}/anthropic", defaultHeaders: { "Helicone-User-Id": "ada" } });
const message = await client.messages.create({
  model: "claude-sonnet-4-5",
  max_tokens: 100,
  messages: [{ role: "user", content: "Say hello." }],
});
console.log(message.content);`,
    },
    {
      title: "curl",
      text: `curl ${gateway}/v1/chat/completions \\
  -H "Authorization: Bearer $OPENAI_API_KEY" -H "Content-Type: application/json" \\
  -H "Helicone-User-Id: ada" \\
  -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}'`,
    },
    {
      title: "Claude Code",
      text: `export ANTHROPIC_BASE_URL=${gateway}/anthropic
export ANTHROPIC_CUSTOM_HEADERS="Helicone-Property-App: claude-code"
claude`,
    },
    {
      title: "Codex",
      text: `# ~/.codex/config.toml
model_provider = "perihelion"

[model_providers.perihelion]
name = "OpenAI through Perihelion"
base_url = "${gateway}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
http_headers = { "Helicone-Property-App" = "codex" }`,
    },
  ];
}
