/** What this browser keeps of SQL: drafts and the history of queries that ran, by organisation. */

export interface Draft {
  text: string;
  /** The text of the link that it began with; empty where there was none. */
  base: string;
  /** The revision of the saved query that it changes; 0: none. */
  revision: number;
}

export interface Past {
  sql: string;
  at: number;
  /** Rows of the result; null where it failed or was not run. */
  rows: number | null;
  ms: number | null;
}

const MOST = 60;

function read<T>(key: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") as T | null;
  } catch {
    return null; // written by hand, or storage is not allowed
  }
}

function write(key: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // full, or not allowed: the text stays on the page
  }
}

export function readDraft(org: string, id: string): Draft | null {
  const found = read<Partial<Draft>>(`perihelion:sql:${org}:draft:${id}`);
  return found && typeof found.text === "string" ? { text: found.text, base: String(found.base ?? ""), revision: Number(found.revision) || 0 } : null;
}

export function writeDraft(org: string, id: string, draft: Draft | null): void {
  write(`perihelion:sql:${org}:draft:${id}`, draft);
}

export function readHistory(org: string): Past[] {
  const found = read<unknown>(`perihelion:sql:${org}:history`);
  return Array.isArray(found) ? found.filter((each): each is Past => typeof each?.sql === "string" && typeof each?.at === "number") : [];
}

/** The history with one more at its head; the same text is kept once. */
export function withPast(history: Past[], past: Past): Past[] {
  return [past, ...history.filter((each) => each.sql !== past.sql)].slice(0, MOST);
}

export function writeHistory(org: string, history: Past[]): void {
  write(`perihelion:sql:${org}:history`, history);
}

/** The text to begin with: a link's own, unless it is what the draft was made from; else the draft; else the saved one. */
export function firstText(linked: string, draft: Draft | null, saved: string): { text: string; isDraft: boolean } {
  if (linked && draft?.base !== linked) return { text: linked, isDraft: false };
  if (draft) return { text: draft.text, isDraft: true };
  return { text: saved, isDraft: false };
}
