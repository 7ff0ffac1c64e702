/** Where in a query the engine's error is. */

export interface Place {
  from: number;
  to: number;
}

/** The engine's words without the query that it was rewritten to. */
export function shortWords(detail: string): string {
  return detail.replace(/\.?:? In (query|scope) (WITH|SELECT)[\s\S]*$/, ".").replace(/failed at position \d+ \(end of query\): \./, "failed at the end of the query.");
}

/** The place that an error speaks of: by position, else the first name in quotes that stands in the query. */
export function placeOf(sql: string, detail: string): Place | null {
  const at = /failed at position (\d+) \(([^)]*)\)/.exec(detail);
  if (at) {
    if (at[2] === "end of query") return { from: sql.trimEnd().length, to: sql.trimEnd().length };
    const from = charAt(sql, Number(at[1]) - 1);
    const word = /^(\w+|\S)/.exec(sql.slice(from))?.[0] ?? "";
    return { from, to: from + Math.max(1, word.length) };
  }
  const words = shortWords(detail);
  const names = [
    ...[...words.matchAll(/[`'"]([^`'"]+)[`'"]/g)].map((found) => found[1]!),
    ...[/function (\w+)\(\)/, /begins with (\w+)/, /^([\w.]+) is not available/, /^([A-Z][A-Z ]+) is not accepted/].flatMap((form) => form.exec(words)?.[1] ?? []),
  ];
  for (const name of names) {
    const found = findWord(sql, name);
    if (found >= 0) return { from: found, to: found + name.length };
  }
  return null;
}

/** Line and column, from 1, for people. */
export function lineOf(sql: string, at: number): { line: number; column: number } {
  const before = sql.slice(0, at).split("\n");
  return { line: before.length, column: before[before.length - 1]!.length + 1 };
}

/** The engine counts bytes of UTF-8. */
function charAt(text: string, byte: number): number {
  if (byte <= 0) return 0;
  const bytes = new TextEncoder().encode(text);
  return new TextDecoder().decode(bytes.slice(0, byte)).length;
}

/** Where a name stands as a whole word, outside of comments and, where it can, of texts. */
function findWord(sql: string, name: string): number {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const form = new RegExp(`(?<![\\w$])${escaped}(?![\\w$])`, "i");
  const blank = (found: string) => " ".repeat(found.length);
  const plain = sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, blank);
  const outside = plain.replace(/'(?:[^'\\]|\\.|'')*'/g, blank).search(form);
  return outside >= 0 ? outside : plain.search(form);
}
