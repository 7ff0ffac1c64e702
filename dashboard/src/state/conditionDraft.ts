import { columnText, quote, unquote, valueText, type Condition } from "./filterText";
import { kindOf, type ColumnKind } from "./filterColumns";

export type Operation = "is" | "is_not" | "any" | "none" | "contains" | "lacks" | "begins" | "matches" | "phrase" | "gt" | "gte" | "lt" | "lte" | "between" | "exists" | "absent";

/** A condition in parts, as the builder edits it. */
export interface Draft {
  column: string;
  operation: Operation;
  values: string[];
}

export const OPERATION_WORDS: Record<Operation, string> = {
  is: "is",
  is_not: "is not",
  any: "is any of",
  none: "is none of",
  contains: "contains",
  lacks: "does not contain",
  begins: "begins with",
  matches: "matches (RE2)",
  phrase: "has the phrase",
  gt: "> more than",
  gte: "≥ at least",
  lt: "< less than",
  lte: "≤ at most",
  between: "is between",
  exists: "exists",
  absent: "is absent",
};

/** What a column of a kind can be compared by; the most usual first. */
export const OPERATIONS: Record<ColumnKind, Operation[]> = {
  text: ["is", "is_not", "any", "none", "contains", "lacks", "begins", "matches", "exists", "absent"],
  number: ["gte", "gt", "lte", "lt", "is", "is_not", "between", "exists", "absent"],
  bool: ["is", "is_not"],
  time: ["gte", "lt"],
  texts: ["is", "is_not", "any", "none", "contains", "exists", "absent"],
  search: ["contains", "phrase"],
};

const SIGNS: Partial<Record<Operation, string>> = { gt: ">", gte: ">=", lt: "<", lte: "<=" };

/** How many values an operation takes: none, one, two, or any number of them. */
export function valuesOf(operation: Operation): 0 | 1 | 2 | "many" {
  if (operation === "exists" || operation === "absent") return 0;
  if (operation === "between") return 2;
  return operation === "any" || operation === "none" ? "many" : 1;
}

/** The text form of a draft; empty while a value is missing. */
export function textOfDraft({ column, operation, values }: Draft): string {
  const kind = kindOf(column);
  const plain = kind === "number" || kind === "bool" || kind === "time";
  const write = (value: string) => (plain && !/[\s()",]/.test(value) ? value : valueText(value));
  const [first = "", second = ""] = values;
  const name = columnText(column);
  if (!column) return "";
  if (operation === "exists") return `${name}:*`;
  if (operation === "absent") return `-${name}:*`;
  if (!first || (operation === "between" && !second)) return "";
  if (kind === "search") return operation === "phrase" ? quote(first) : wordText(first);
  switch (operation) {
    case "is":
      return `${name}:${write(first)}`;
    case "is_not":
      return `-${name}:${write(first)}`;
    case "any":
      return `${name}:(${values.map(write).join(", ")})`;
    case "none":
      return `-${name}:(${values.map(write).join(", ")})`;
    case "contains":
      return `${name}~${valueText(first)}`;
    case "lacks":
      return `${name}!~${valueText(first)}`;
    case "begins":
      return `${name}:${valueText(first)}*`;
    case "matches":
      return `${name}=~${quote(first)}`;
    case "between":
      return `${name}:${first}..${second}`;
    default:
      return `${name}${SIGNS[operation]}${write(first)}`;
  }
}

function wordText(text: string): string {
  return /^\w+$/.test(text) && !["AND", "OR", "NOT"].includes(text) ? text : `text~${quote(text)}`;
}

/** The parts of a condition; null where it is more than the builder knows, such as a group. */
export function draftOf(condition: Condition): Draft | null {
  const { column, value, negated } = condition;
  if (!column) return draftOfWords(condition.text);
  if (column === "since" || column === "until") return negated ? null : { column: "start", operation: column === "since" ? "gte" : "lt", values: [unquote(value)] };
  const one = (operation: Operation, text = value): Draft => ({ column, operation, values: [unquote(text)] });
  switch (condition.operator) {
    case "~":
      return one(negated ? "lacks" : "contains");
    case "!~":
      return one(negated ? "contains" : "lacks");
    case "=~":
      return negated ? null : one("matches");
    case ">":
    case ">=":
    case "<":
    case "<=": {
      const found = (Object.keys(SIGNS) as Operation[]).find((operation) => SIGNS[operation] === condition.operator)!;
      return negated ? null : one(found);
    }
    default:
      return equality(condition, negated !== (condition.operator === "!="));
  }
}

function equality({ column, value }: Condition, not: boolean): Draft | null {
  if (value === "*") return { column, operation: not ? "absent" : "exists", values: [] };
  if (value.startsWith("(")) {
    if (!value.endsWith(")")) return null;
    return { column, operation: not ? "none" : "any", values: splitList(value.slice(1, -1)) };
  }
  if (/[^\\]\*$/.test(value)) return not ? null : { column, operation: "begins", values: [unquote(value.slice(0, -1))] };
  const range = /^([^".]+)\.\.([^".]+)$|^([\d.]+)\.\.([\d.]+)$/.exec(value);
  if (range && kindOf(column) !== "text") return not ? null : { column, operation: "between", values: [range[1] ?? range[3]!, range[2] ?? range[4]!] };
  return { column, operation: not ? "is_not" : "is", values: [unquote(value)] };
}

function draftOfWords(text: string): Draft | null {
  if (/^"(?:[^"\\]|\\.)*"$/.test(text)) return { column: "text", operation: "phrase", values: [unquote(text)] };
  return /^\w+$/.test(text) && !["AND", "OR", "NOT"].includes(text) ? { column: "text", operation: "contains", values: [text] } : null;
}

function splitList(text: string): string[] {
  return (text.match(/"(?:[^"\\]|\\.)*"|[^,]+/g) ?? []).map((each) => unquote(each.trim())).filter(Boolean);
}
