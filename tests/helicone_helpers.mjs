// Helicone's logger for Node, unmodified: node helicone_helpers.mjs PACKAGE ENDPOINT KEY SESSION
import { pathToFileURL } from "node:url";

const [, , folder, endpoint, key, session] = process.argv;
const { HeliconeManualLogger } = await import(pathToFileURL(`${folder}/dist/index.mjs`).href);
const logger = new HeliconeManualLogger({
  apiKey: key,
  loggingEndpoint: `${endpoint}/custom/v1/log`,
  headers: { "Helicone-User-Id": "ada", "Helicone-Property-Feature": "sky" },
});
const tags = (path) => ({ "Helicone-Session-Id": session, "Helicone-Session-Path": path });
const question = { model: "gpt-4o-mini", messages: [{ role: "user", content: "Which colour is the sky?" }] };
const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };
const answer = {
  id: "chatcmpl-node", object: "chat.completion", model: "gpt-4o-mini",
  choices: [{ index: 0, message: { role: "assistant", content: "Blue." }, finish_reason: "stop" }], usage,
};
const chunks = ["Bl", "ue."].map((content) => ({
  id: "chatcmpl-stream", object: "chat.completion.chunk", model: "gpt-4o-mini", choices: [{ index: 0, delta: { content } }],
}));
chunks.push({ object: "chat.completion.chunk", choices: [], usage });

await logger.logRequest(question, async (recorder) => recorder.appendResults(answer), tags("/request"), "OPENAI");
await logger.logRequest(
  { _type: "tool", toolName: "search", input: { query: "sky" } },
  async (recorder) => recorder.appendResults({ found: 3 }),
  tags("/tool"),
);
await logger.logSingleRequest(question, JSON.stringify(answer), { additionalHeaders: tags("/single"), latencyMs: 250 });

const events = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).concat("data: [DONE]\n\n");
await logger.logSingleStream(question, new Blob(events).stream(), tags("/stream"));

const builder = logger.logBuilder(question, tags("/builder"));
await builder.attachStream((async function* () { yield* chunks; })());
await builder.sendLog();

const failed = logger.logBuilder(question, tags("/failed"));
failed.setError(new Error("the provider hung up"));
await failed.sendLog();

const cancelled = logger.logBuilder(question, tags("/cancelled"));
const stream = cancelled.toReadableStream((async function* () { yield chunks[0]; yield chunks[1]; })());
const reader = stream.getReader();
await reader.read();
await reader.cancel();
await cancelled.sendLog();
