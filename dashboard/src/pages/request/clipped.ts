/** A text that the worker cut ends with a mark that no shown text has, and the number under which the rest is kept. */
const MARK = "\u0000";

export function splitClipped(text: string): { shown: string; ref: number | null } {
  const at = text.lastIndexOf(MARK);
  if (at < 0) return { shown: text, ref: null };
  return { shown: text.slice(0, at), ref: Number(text.slice(at + 1).split(" ")[0]) };
}

/** Characters of the whole text. */
export function lengthOf(text: string): number {
  const at = text.lastIndexOf(MARK);
  return at < 0 ? text.length : Number(text.slice(at + 1).split(" ")[1]);
}
