import type { SavedDocument } from "@/api/documents";
import { DEFAULT_SINCE, writeScope, type Scope } from "@/state/search";
import { readColumns, writeColumns } from "./chosenColumns";

/** What of the URL a saved view holds. */
export interface ViewContent {
  q: string;
  since: string;
  until: string;
  zone: "" | "local" | "utc";
  sort: string;
  columns: string[];
}

/** The view that the URL shows. */
export function viewOfScope(scope: Scope & Record<string, unknown>): ViewContent {
  const columns = typeof scope["columns"] === "string" && scope["columns"] ? readColumns(scope["columns"]).columns.map((column) => column.id) : [];
  const sort = typeof scope["sort"] === "string" ? scope["sort"] : "";
  return { q: scope.q, since: scope.since === DEFAULT_SINCE ? "" : scope.since, until: scope.until, zone: scope.zone === "utc" ? "utc" : "", sort, columns };
}

/** The URL of a saved view: all of its parts, also those that are at their default. */
export function scopeOfView(document: SavedDocument): Record<string, string> {
  const content = (document.content ?? {}) as Partial<ViewContent>;
  return {
    view: document.id,
    q: content.q ?? "",
    since: content.since ?? "",
    until: content.until ?? "",
    zone: content.zone ?? "",
    sort: content.sort ?? "",
    columns: writeColumns(content.columns ?? []),
  };
}

/** Whether the URL shows something else than the view holds. */
export function differs(scope: Scope & Record<string, unknown>, document: SavedDocument): boolean {
  const { view: _, ...saved } = scopeOfView(document);
  const { columns, ...shown } = viewOfScope(scope);
  return JSON.stringify(sorted(writeScope(saved))) !== JSON.stringify(sorted(writeScope({ ...shown, columns: writeColumns(columns) })));
}

function sorted(search: Record<string, unknown>): [string, unknown][] {
  return Object.entries(search).sort(([one], [other]) => one.localeCompare(other));
}
