import { visible } from "../visible";
import { ARRAY, LITERAL, NO_KEY, NUMBER, OBJECT, STRING, type Tape } from "./tape";

/** How deep values are followed where they become JavaScript objects. What lies deeper is left out. */
const MAX_DEPTH = 60;

/** The string that a piece of JSON text says, also where it breaks off. */
export function decodeString(source: string): string {
  let inner = source.startsWith('"') ? source.slice(1) : source;
  if (inner.endsWith('"') && !/(^|[^\\])(\\\\)*\\"$/.test(inner.slice(-400))) inner = inner.slice(0, -1);
  if (!inner.includes("\\")) return inner;
  inner = inner.replace(/(^|[^\\])((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?$/, "$1$2");
  return inner.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, char: string) =>
    hex ? String.fromCharCode(parseInt(hex, 16)) : (ESCAPES[char] ?? char),
  );
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

export function stringOf(tape: Tape, node: number): string {
  return decodeString(tape.text.slice(tape.starts[node], tape.ends[node]));
}

export function keyOf(tape: Tape, node: number): string | null {
  const start = tape.keys[node]!;
  return start === NO_KEY ? null : decodeString(tape.text.slice(start, tape.keyEnds[node]));
}

/** A node as a JavaScript value, of a tape that may break off anywhere. Iterative: depth cannot overflow the stack. */
export function valueOf(tape: Tape, root = 0): unknown {
  if (tape.count <= root) return undefined;
  const made = new Map<number, unknown>();
  const end = tape.nexts[root]! || tape.count;
  const base = tape.depths[root]!;
  for (let node = root; node < end; ) {
    const kind = tape.kinds[node]!;
    const value = kind === OBJECT ? {} : kind === ARRAY ? [] : kind === STRING ? stringOf(tape, node) : scalarOf(tape, node);
    if (kind <= ARRAY) made.set(node, value);
    if (node !== root) put(made.get(tape.parents[node]!), keyOf(tape, node), value);
    else made.set(root, value);
    node = kind <= ARRAY && tape.depths[node]! - base >= MAX_DEPTH ? tape.nexts[node]! : node + 1;
  }
  return made.get(root);
}

function put(holder: unknown, key: string | null, value: unknown): void {
  if (Array.isArray(holder)) holder.push(value);
  else if (holder && key === "__proto__") Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
  else if (holder && key !== null) (holder as Record<string, unknown>)[key] = value;
}

function scalarOf(tape: Tape, node: number): unknown {
  const word = tape.text.slice(tape.starts[node], Math.min(tape.ends[node]!, tape.starts[node]! + 400));
  if (tape.kinds[node] === NUMBER) return Number(word);
  return tape.kinds[node] === LITERAL ? (word === "true" ? true : word === "false" ? false : null) : word;
}

/** The way to a node as a program would write it: `messages[0].content`. */
export function pathOf(tape: Tape, node: number): string {
  const steps: string[] = [];
  for (let at = node; at > 0 && steps.length < 500; at = tape.parents[at]!) {
    const key = keyOf(tape, at);
    if (key === null) steps.push(`[${tape.indexes[at]}]`);
    else steps.push(/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
  }
  return visible(steps.reverse().join("").replace(/^\./, "")) || "$";
}
