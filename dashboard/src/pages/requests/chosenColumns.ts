import { DEFAULT_COLUMNS, listColumn, type ListColumn } from "./columns";

/** What a list always needs: to link, to colour, and to tell a failed call. */
const ALWAYS = ["id", "start", "status", "outcome", "error", "error_message"];

/** The columns of the URL, `start,status,property.feature`, and those of it that do not exist. Empty: the usual ones. */
export function readColumns(text: unknown): { columns: ListColumn[]; unknown: string[] } {
  const ids = typeof text === "string" && text ? [...new Set(text.split(",").map((id) => id.trim().replaceAll("%2C", ",")).filter(Boolean))] : DEFAULT_COLUMNS;
  const found = ids.map((id) => [id, listColumn(id)] as const);
  const columns = found.flatMap(([, column]) => column ?? []);
  return { columns: columns.length ? columns : readColumns("").columns, unknown: found.filter(([, column]) => !column).map(([id]) => id) };
}

/** What stands in the URL for columns; nothing for the usual ones. */
export function writeColumns(ids: readonly string[]): string {
  return ids.join() === DEFAULT_COLUMNS.join() || !ids.length ? "" : ids.map((id) => id.replaceAll(",", "%2C")).join(",");
}

/** The columns that the API is asked for. */
export function columnsToAsk(columns: ListColumn[]): string[] {
  return [...new Set([...ALWAYS, ...columns.flatMap((column) => column.needs)])].sort();
}
