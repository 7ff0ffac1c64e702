import type { Conversation, Message, Part } from "./types";

type Call = Extract<Part, { kind: "tool call" }>;

/** Puts each tool's result beside the call that asked for it: by id, or where there is none by name and order. */
export function pairTools(messages: Message[]): Message[] {
  const waiting: Call[] = [];
  const kept: Message[] = [];
  for (const message of messages) {
    const parts = message.parts.filter((part) => {
      if (part.kind === "tool call" && !part.result) waiting.push(part);
      if (part.kind !== "tool result") return true;
      const at = waiting.findIndex((call) => (part.id && call.id ? call.id === part.id : !part.name || call.name === part.name || call.name === part.id));
      if (at < 0) return true;
      waiting.splice(at, 1)[0]!.result = part.result;
      return false;
    });
    if (parts.length || !message.parts.length) kept.push({ ...message, parts });
  }
  return kept;
}

export function paired({ messages, answers, ...rest }: Conversation): Conversation {
  return { ...rest, messages: pairTools(messages), answers: answers.map((answer) => ({ ...answer, parts: pairTools([answer])[0]?.parts ?? [] })) };
}
