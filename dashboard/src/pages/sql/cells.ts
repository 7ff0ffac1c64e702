/** Values of a result as cells. */

import type { SqlColumn } from "@/api/sql";

/** The type without Nullable and LowCardinality. */
export function plainType(type: string): string {
  const inner = /^(?:Nullable|LowCardinality)\((.*)\)$/.exec(type);
  return inner ? plainType(inner[1]!) : type;
}

export function isNumeric(type: string): boolean {
  return /^(U?Int|Float|Decimal)/.test(plainType(type));
}

export function isTime(type: string): boolean {
  return /^Date/.test(plainType(type));
}

/** A value as text, exact. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const SHOWN = 300;

/** A value in one line; a fraction without the noise of its last digits. */
export function cellLine(value: unknown): string {
  const text = typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(12))) : cellText(value);
  return (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text).replace(/\s*\n\s*/g, " ⏎ ");
}

/** The instant of a Date or DateTime of the engine, which are UTC; null for other texts. */
export function instantOfCell(value: unknown): Date | null {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d/.test(value)) return null;
  const at = new Date(value.length > 10 ? `${value.replace(" ", "T")}Z` : `${value}T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** Widths of columns in pixels, by their header and first rows. */
export function columnWidths(columns: SqlColumn[], rows: unknown[][], widest = 420): number[] {
  return columns.map((column, index) => {
    let longest = column.name.length + 2;
    for (const row of rows.slice(0, 60)) longest = Math.max(longest, Math.min(cellText(row[index]).length, 60));
    return Math.round(Math.max(72, Math.min(longest * 7.4 + 24, widest)));
  });
}

/** The result as text with tabs, as spreadsheets take it. */
export function asTabs(columns: SqlColumn[], rows: unknown[][]): string {
  const clean = (value: unknown) => cellText(value).replace(/[\t\n\r]+/g, " ");
  return [columns.map((column) => column.name), ...rows].map((row) => row.map(clean).join("\t")).join("\n");
}

const FILTERS: Record<string, string> = { user: "user", user_id: "user", model: "model", session: "session", session_id: "session", provider: "provider", prompt: "prompt", prompt_id: "prompt", error: "error", key: "key" };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Where a value leads: a call by its id, else the explorer filtered by it. */
export function linkOf(column: string, value: unknown): { id: string } | { column: string; value: string } | null {
  if (typeof value !== "string" || !value) return null;
  if ((column === "id" || column === "request_id") && UUID.test(value)) return { id: value };
  const filter = Object.hasOwn(FILTERS, column) ? FILTERS[column] : undefined;
  return filter ? { column: filter, value } : null;
}
