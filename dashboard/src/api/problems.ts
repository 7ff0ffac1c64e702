import { ApiError } from "./client";

/** What the API says of one field of a form; empty where the error is about something else. */
export function atField(error: unknown, ...names: string[]): string {
  if (!(error instanceof ApiError) || !names.some((name) => error.parameter === name || error.parameter.startsWith(`${name}[`))) return "";
  return error.accepted ? `Needs ${error.accepted}.` : error.detail;
}

/** What the API says of the form as a whole; empty where the error is at one of its `fields`. */
export function ofForm(error: unknown, ...fields: string[]): string {
  if (!error || fields.some((name) => atField(error, name))) return "";
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 401) return "Your session had ended, and nothing was changed. Log in, then try again.";
  return sentence(error.detail || error.title);
}

/** Seconds to wait that a 429 names; 0 for other errors. */
export function waitSeconds(error: unknown): number {
  if (!(error instanceof ApiError) || error.status !== 429) return 0;
  return Number(/(\d+) s/.exec(error.detail)?.[1] ?? 1);
}

function sentence(text: string): string {
  return text ? text[0]!.toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".") : "";
}
