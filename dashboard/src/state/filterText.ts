/** The text form of a filter, cut into its conditions. The API parses it; here it is only shown and edited. */

export interface Condition {
  /** As written. */
  text: string;
  /** Where it stands in the filter, in characters; `end` is after its last one. */
  start: number;
  end: number;
  /** Empty for words to search for, and for a group. */
  column: string;
  operator: string;
  value: string;
  negated: boolean;
}

const COMPARISON = /^(-|NOT\s+)?([A-Za-z][\w.@/-]*?|(?:property|score)\."(?:[^"\\]|\\.)*")(!=|!~|=~|>=|<=|[:=<>~])([\s\S]+)$/;

/** The conditions that stand side by side at the top level; one in brackets is one piece. With an OR at the top level the
 * whole is one piece. */
export function splitConditions(text: string): Condition[] {
  const pieces = cut(text);
  if (pieces.some((piece) => text.slice(...piece) === "OR")) {
    const start = pieces[0]![0];
    return [describe(text, start, pieces.at(-1)![1])];
  }
  const conditions: Condition[] = [];
  let start = -1;
  for (const piece of pieces) {
    const word = text.slice(...piece);
    if (word === "AND") continue;
    if (start < 0) start = piece[0];
    if (word === "NOT" && piece !== pieces.at(-1)) continue;
    conditions.push(describe(text, start, piece[1]));
    start = -1;
  }
  return conditions;
}

/** Start and end of what spaces part, outside of quotes and brackets. */
function cut(text: string): [number, number][] {
  const pieces: [number, number][] = [];
  let start = -1;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quoted) {
      if (char === "\\") at += 1;
      else if (char === '"') quoted = false;
      continue;
    }
    if (char === '"') quoted = true;
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    const gap = /\s/.test(char) && depth <= 0;
    if (gap && start >= 0) {
      pieces.push([start, at]);
      start = -1;
    } else if (!gap && start < 0) start = at;
  }
  if (start >= 0) pieces.push([start, text.length]);
  return pieces;
}

function describe(whole: string, start: number, end: number): Condition {
  const text = whole.slice(start, end);
  const found = COMPARISON.exec(text);
  if (!found || /\sOR\s/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, ""))) return { text, start, end, column: "", operator: "", value: text, negated: false };
  const column = found[2]!.replace(/^(property|score)\."([\s\S]*)"$/, (_, family: string, name: string) => `${family}.${name.replace(/\\(.)/g, "$1")}`);
  return { text, start, end, column, operator: found[3]!, value: found[4]!, negated: !!found[1] };
}

/** The filter with other text in place of a condition; empty text takes it out. */
export function withCondition(text: string, condition: Condition, by: string): string {
  const before = text.slice(0, condition.start).replace(/(^|\s)AND\s*$/, "");
  const after = text.slice(condition.end).replace(/^\s*AND(?=\s|$)/, "");
  return [before, by, after].map((part) => part.trim()).filter(Boolean).join(" ");
}

export function withoutCondition(text: string, condition: Condition): string {
  return withCondition(text, condition, "");
}

/** `q` and one more condition. A whole with an OR is put in brackets; the opposite condition is replaced. */
export function joinCondition(q: string, condition: string): string {
  const whole = q.trim();
  if (!whole || !condition) return whole || condition;
  const conditions = splitConditions(whole);
  if (conditions.some((each) => each.text === condition)) return whole;
  const opposite = conditions.find((each) => each.text === `-${condition}` || each.text === `NOT ${condition}` || `-${each.text}` === condition);
  if (opposite) return withCondition(whole, opposite, condition);
  const either = cut(whole).some((piece) => whole.slice(...piece) === "OR");
  return `${either ? `(${whole})` : whole} ${condition}`;
}

/** `q` with one more condition that a column has a value, or with `exclude` that it has not. An empty value is an absent one. */
export function addCondition(q: string, column: string, value: string | number | boolean | null, exclude = false): string {
  const absent = value === "" || value === null;
  const sign = exclude !== absent ? "-" : "";
  return joinCondition(q, `${sign}${columnText(column)}:${absent ? "*" : typeof value === "string" ? valueText(value) : String(value)}`);
}

/** A column's name as the text form spells it. */
export function columnText(name: string): string {
  const [family, ...rest] = name.split(".");
  return /^[A-Za-z][\w.@/-]*$/.test(name) || !rest.length ? name : `${family}.${quote(rest.join("."))}`;
}

/** A value as the text form spells it: in quotes where its signs would have a meaning. */
export function valueText(value: string): string {
  const plain = /^[\w@+/][\w@+./:-]*$/.test(value) && !value.includes("..") && !/^[1-5]xx$/i.test(value);
  return plain ? value : quote(value);
}

export function quote(text: string): string {
  return `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`;
}

/** What stands between quotes, or the text itself. */
export function unquote(text: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(text);
  return quoted ? quoted[1]!.replace(/\\([\s\S])/g, "$1") : text;
}

const WORDS: Record<string, string> = {
  ":": "is",
  "=": "is",
  "!=": "is not",
  "~": "contains",
  "!~": "lacks",
  "=~": "matches",
};

/** The operator as a word: "is", "is not", "exists", "≥". */
export function operatorWord(condition: Condition): string {
  if (condition.value === "*") return condition.negated ? "is absent" : "exists";
  const word = WORDS[condition.operator] ?? condition.operator.replace(">=", "≥").replace("<=", "≤");
  return condition.negated ? (word === "is" ? "is not" : `not ${word}`) : word;
}

export function plainValue(condition: Condition): string {
  return condition.value === "*" ? "" : unquote(condition.value);
}
