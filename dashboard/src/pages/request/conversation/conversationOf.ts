import { answersOf } from "./answer";
import { assemble } from "./assemble";
import { paired } from "./pair";
import { messagesOf, settingsOf, toolsOf } from "./request";
import { isObject, word, type Conversation, type Message } from "./types";

/** What is known of a response: its JSON, or a stream's events in their order. */
export type Response = { whole: unknown } | { events: unknown[] } | null;

/** The conversation of a call: what its request says, and what was answered. Null where neither is one that is known. */
export function conversationOf(request: unknown, response: Response): Conversation | null {
  const messages = messagesOf(request);
  const whole = response === null ? null : "events" in response ? assemble(response.events) : response.whole;
  // Gemini answers a stream without alt=sse with a list of what would be its events
  const answers = answersOf(Array.isArray(whole) ? assemble(whole) : whole);
  if (!messages && !answers.length) return null;
  if (isObject(whole) && isObject(whole["stream_error"])) answers.push(broken(word(whole["stream_error"]["message"])));
  return paired({ messages: messages ?? [], answers, tools: toolsOf(request), settings: settingsOf(request) });
}

function broken(message: string): Message {
  return { role: "error", name: "", parts: [{ kind: "refusal", text: message || "The stream ended with an error." }], note: "" };
}
