import type { Json } from "./json";

/** A variable of a template, as the control plane names it. */
export interface Variable {
  name: string;
  type: string;
  default?: unknown;
}

/** What people typed for variables, by name. */
export type Typed = Record<string, string>;

/** A typed value as its type: text that is no number stays text, so that the control plane says so. */
export function valueOf(text: string, type: string): unknown {
  if (type === "number" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

/** The values that are given: what is typed, of variables that the template uses. */
export function valuesOf(variables: Variable[], typed: Typed): Json {
  return Object.fromEntries(variables.filter((one) => typed[one.name]).map((one) => [one.name, valueOf(typed[one.name]!, one.type)]));
}

/** The names in double braces, for a form that is there before the control plane has answered. */
export function namesIn(text: string): string[] {
  const names = [...text.matchAll(/\{\{\s*(?:hc:)?([A-Za-z_][\w.-]{0,63})(?::(?:string|number|boolean))?\s*\}\}/g)].map((found) => found[1]!);
  return [...new Set(names)];
}

/** Declarations with one changed; one that says nothing is left out. */
export function declare(declared: Json[], name: string, change: { type?: string; default?: string }): Json[] {
  const before = declared.find((one) => one["name"] === name) ?? { name };
  const after: Json = { ...before };
  if (change.type !== undefined) after["type"] = change.type;
  const type = typeof after["type"] === "string" ? after["type"] : "string";
  if (change.default !== undefined) {
    if (change.default === "") delete after["default"];
    else after["default"] = valueOf(change.default, type);
  } else if (change.type !== undefined && after["default"] !== undefined) after["default"] = valueOf(String(after["default"]), type);
  const rest = declared.filter((one) => one["name"] !== name);
  const says = after["default"] !== undefined || (after["type"] !== undefined && after["type"] !== "string");
  return says ? [...rest, after] : rest;
}
