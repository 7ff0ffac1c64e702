import type { Conversation, Message, Part } from "../conversation/types";
import { visible } from "../visible";
import type { ShownConversation } from "./protocol";

/** In place of a medium's data: it is the response's body itself. */
export const WHOLE_RESPONSE = "whole response";

/** Characters of one text that go to the page at once. */
const SENT = 6_000;
/** Messages that go to the page at once: the first ones and the last ones. */
const MAX_MESSAGES = 400;
const MAX_PARTS = 500;

/** Keeps the whole texts and bytes of a conversation in the worker, and sends the page what it shows first. */
export class Clipper {
  private readonly texts: string[] = [];

  shown(conversation: Conversation, partial: boolean): ShownConversation {
    const { messages } = conversation;
    const many = messages.length > MAX_MESSAGES;
    const kept = many ? [...messages.slice(0, 50), gap(messages.length - MAX_MESSAGES), ...messages.slice(50 - MAX_MESSAGES)] : messages;
    const left = many ? messages.length - MAX_MESSAGES : 0;
    return {
      messages: kept.map((message) => this.message(message)),
      answers: conversation.answers.slice(0, 20).map((message) => this.message(message)),
      tools: conversation.tools.slice(0, 300).map((tool) => ({ name: this.cut(tool.name), description: this.cut(tool.description), schema: this.cut(tool.schema) })),
      settings: conversation.settings.map(([name, value]) => [visible(name), visible(value)]),
      left,
      total: messages.length,
      partial,
    };
  }

  text(ref: number): string {
    return this.texts[ref] ?? "";
  }

  private message(message: Message): Message {
    const parts = message.parts.slice(0, MAX_PARTS).map((part) => this.part(part));
    if (message.parts.length > MAX_PARTS) parts.push({ kind: "text", text: `${message.parts.length - MAX_PARTS} more parts are in the raw body.` });
    return { ...message, role: visible(message.role.slice(0, 60)), name: visible(message.name.slice(0, 200)), parts };
  }

  private part(part: Part): Part {
    switch (part.kind) {
      case "text":
        return { ...part, text: this.cut(part.text), ...(part.citations ? { citations: part.citations.slice(0, 100).map((each) => ({ title: visible(each.title.slice(0, 300)), url: each.url.slice(0, 2000), text: visible(each.text.slice(0, 500)) })) } : {}) };
      case "reasoning":
      case "refusal":
        return { ...part, text: this.cut(part.text) };
      case "tool call":
        return { ...part, name: visible(part.name.slice(0, 200)), input: this.cut(part.input), ...(part.result ? { result: { ...part.result, parts: part.result.parts.slice(0, MAX_PARTS).map((each) => this.part(each)) } } : {}) };
      case "tool result":
        return { ...part, result: { ...part.result, parts: part.result.parts.slice(0, MAX_PARTS).map((each) => this.part(each)) } };
      case "media":
        return { ...part, media: { ...part.media, name: visible(part.media.name.slice(0, 200)), data: part.media.data && part.media.data !== WHOLE_RESPONSE ? String(this.keep(part.media.data)) : part.media.data } };
      case "other":
        return { ...part, json: this.cut(part.json) };
      case "vector":
        return part;
    }
  }

  /** The beginning of a text. A longer one is kept, and a mark at its end that no text has says where. */
  private cut(text: string): string {
    if (text.length <= SENT) return visible(text);
    const ref = this.keep(text);
    return `${visible(text.slice(0, SENT))}\u0000${ref} ${text.length}`;
  }

  private keep(text: string): number {
    return this.texts.push(text) - 1;
  }
}

function gap(many: number): Message {
  return { role: "", name: "", parts: [], note: `${many.toLocaleString("en")} messages between are in the tab “Request”` };
}
