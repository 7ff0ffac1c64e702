import type { Version } from "@/api/prompts";
import { indent, isObject, objects, word, type Json } from "@/chat/json";

/** A version as text that two can be compared by, line by line: messages as they read, all else as JSON. */
export function versionText(version: Version): string {
  const { messages, system, tools, ...rest } = version.body;
  const blocks = [
    ...Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}: ${isObject(value) || Array.isArray(value) ? indent(value) : String(value)}`),
    ...(version.variables.length ? [`variables: ${indent(version.variables)}`] : []),
    ...(system === undefined ? [] : [`\n── system\n${textOf(system)}`]),
    ...objects(messages).map((message) => `\n── ${word(message["role"])}\n${messageText(message)}`),
    ...(tools === undefined ? [] : [`\n── tools\n${indent(tools)}`]),
  ];
  return `${blocks.join("\n").trim()}\n`;
}

function messageText(message: Json): string {
  const { role: _, content, ...rest } = message;
  return [textOf(content), ...(Object.keys(rest).length ? [indent(rest)] : [])].filter(Boolean).join("\n");
}

function textOf(content: unknown): string {
  return typeof content === "string" ? content : content === null || content === undefined ? "" : indent(content);
}
