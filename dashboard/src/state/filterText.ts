/** The text form of a filter, cut into its conditions. The API parses it; here it is only shown and edited. */

export interface Condition {
  /** As written. */
  text: string;
  column: string;
  operator: string;
  value: string;
  negated: boolean;
}

const COMPARISON = /^(-|NOT\s+)?([A-Za-z][\w.@/-]*?|property\."(?:[^"\\]|\\.)*")(!=|!~|=~|>=|<=|[:=<>~])([\s\S]+)$/;

/** The conditions that stand side by side at the top level; one in brackets is one piece. With an OR at the top level the
 * whole is one piece. */
export function splitConditions(text: string): Condition[] {
  const pieces: string[] = [];
  let piece = "";
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quoted) {
      piece += char;
      if (char === "\\") piece += text[++at] ?? "";
      else if (char === '"') quoted = false;
      continue;
    }
    if (char === '"') quoted = true;
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    if (/\s/.test(char) && depth <= 0) {
      if (piece) pieces.push(piece);
      piece = "";
    } else piece += char;
  }
  if (piece) pieces.push(piece);
  if (pieces.includes("OR")) return [describe(text.trim())];
  return joinNot(pieces).map(describe);
}

function joinNot(pieces: string[]): string[] {
  const joined: string[] = [];
  for (const piece of pieces) {
    if (piece === "AND") continue;
    if (joined.at(-1) === "NOT") joined[joined.length - 1] = `NOT ${piece}`;
    else joined.push(piece);
  }
  return joined;
}

function describe(text: string): Condition {
  const found = COMPARISON.exec(text);
  if (!found || /\sOR\s/.test(text)) return { text, column: "", operator: "", value: text, negated: false };
  return { text, column: found[2]!, operator: found[3]!, value: found[4]!, negated: !!found[1] };
}

export function withoutCondition(text: string, condition: Condition): string {
  return splitConditions(text)
    .filter((each) => each.text !== condition.text)
    .map((each) => each.text)
    .join(" ");
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
  if (condition.value === "*") return "";
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(condition.value);
  return quoted ? quoted[1]!.replace(/\\(.)/g, "$1") : condition.value;
}
