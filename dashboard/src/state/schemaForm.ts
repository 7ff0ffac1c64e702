import type { FormField } from "@/api/channels";

/** How a field of a form is drawn, by its JSON schema. */
export type Input = "text" | "secret" | "number" | "switch" | "choice" | "list";

export function inputOf({ schema, secret }: Pick<FormField, "schema" | "secret">): Input {
  if (secret) return "secret";
  if (Array.isArray(schema["enum"])) return "choice";
  if (schema["type"] === "array") return "list";
  if (schema["type"] === "boolean") return "switch";
  return schema["type"] === "integer" || schema["type"] === "number" ? "number" : "text";
}

/** What a form begins with: what is stored, else the defaults. Secrets begin empty: they are never shown. */
export function valuesOf(fields: FormField[], stored: Record<string, unknown> = {}): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, field.secret ? "" : (stored[field.name] ?? field.schema["default"] ?? emptyOf(inputOf(field)))]));
}

function emptyOf(input: Input): unknown {
  return input === "list" ? [] : input === "switch" ? false : "";
}

/** What of a form to send: a secret that was left empty stays as it is, and a number that was left empty is its default. */
export function configOf(fields: FormField[], values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, values[field.name]] as const).filter(([name, value]) => value !== "" || !fields.some((field) => field.name === name && (field.secret || inputOf(field) === "number"))));
}
