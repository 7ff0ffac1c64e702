/**
 * JSON as a flat list of nodes over its text, in their order. Made without recursion and without JavaScript objects, so that
 * depth, size, repeated keys and long numbers do no harm, and a text that breaks off shows as far as it goes.
 */

export const OBJECT = 0;
export const ARRAY = 1;
export const STRING = 2;
export const NUMBER = 3;
export const LITERAL = 4;

export interface Tape {
  text: string;
  count: number;
  kinds: Uint8Array;
  /** Where a value begins and ends in the text. */
  starts: Uint32Array;
  ends: Uint32Array;
  /** Where its key begins, at the quote; with `NO_KEY` it is an element of an array, or the root. */
  keys: Uint32Array;
  keyEnds: Uint32Array;
  parents: Int32Array;
  /** The node after all that is inside this one. */
  nexts: Uint32Array;
  /** How many children it has, and the how manieth of its parent it is. */
  children: Uint32Array;
  indexes: Uint32Array;
  depths: Uint32Array;
  /** `whole`; `cut` where the text breaks off; `full` where there are more nodes than asked for; `bad` where it is no JSON from `stoppedAt` on. */
  state: "whole" | "cut" | "full" | "bad";
  stoppedAt: number;
}

export const NO_KEY = 0xffffffff;

const QUOTE = 34;
const BACKSLASH = 92;

/** The nodes of a JSON text, at most `maxNodes` of them. */
export function tapeOf(text: string, maxNodes = 1_000_000, from = 0): Tape {
  const tape = emptyTape(text, Math.min(maxNodes, 1024));
  const length = text.length;
  let at = from;
  let parent = -1;
  let keyStart = NO_KEY;
  let keyEnd = 0;
  /** What may come: a value, a key, or what follows a value. */
  let wants: "value" | "first value" | "key" | "first key" | "after" = "value";
  const stop = (state: Tape["state"]) => {
    tape.state = state;
    tape.stoppedAt = at;
    for (let open = parent; open >= 0; open = tape.parents[open]!) {
      tape.ends[open] = at;
      tape.nexts[open] = tape.count;
    }
    return tape;
  };
  const close = () => {
    tape.ends[parent] = at + 1;
    tape.nexts[parent] = tape.count;
    parent = tape.parents[parent]!;
    wants = "after";
  };
  for (;;) {
    let code = text.charCodeAt(at);
    while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++at);
    if (wants === "after" && parent < 0) return stop(at >= length ? "whole" : "bad");
    if (at >= length) return stop(tape.count ? "cut" : "bad");
    if (wants === "after") {
      if (code === 44) wants = tape.kinds[parent] === OBJECT ? "key" : "value";
      else if ((code === 125 && tape.kinds[parent] === OBJECT) || (code === 93 && tape.kinds[parent] === ARRAY)) close();
      else return stop("bad");
      at++;
      continue;
    }
    if (wants === "key" || wants === "first key") {
      if (code === 125 && wants === "first key") {
        close();
        at++;
        continue;
      }
      if (code !== QUOTE) return stop("bad");
      keyStart = at;
      const end = stringEnd(text, at);
      if (end < 0) return stop("cut");
      keyEnd = end;
      at = end;
      while (isSpace(text.charCodeAt(at))) at++;
      if (at >= length) return stop("cut");
      if (text.charCodeAt(at) !== 58) return stop("bad");
      at++;
      wants = "value";
      continue;
    }
    if (code === 93 && wants === "first value") {
      close();
      at++;
      continue;
    }
    if (tape.count >= maxNodes) return stop("full");
    const kind = code === 123 ? OBJECT : code === 91 ? ARRAY : code === QUOTE ? STRING : code === 45 || (code >= 48 && code <= 57) ? NUMBER : LITERAL;
    let end = at;
    if (kind === STRING) end = stringEnd(text, at);
    else if (kind >= NUMBER) {
      while (end < length && !isDelimiter(text.charCodeAt(end))) end++;
      const word = text.slice(at, Math.min(end, at + 400));
      const fits = kind === NUMBER ? /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word) : word === "true" || word === "false" || word === "null";
      if (!fits) {
        if (end < length || !tape.count) return stop("bad");
        return stop("cut");
      }
    }
    const node = add(tape, kind, at, parent, keyStart, keyEnd);
    keyStart = NO_KEY;
    if (kind <= ARRAY) {
      parent = node;
      at++;
      wants = kind === OBJECT ? "first key" : "first value";
      continue;
    }
    tape.ends[node] = end < 0 ? length : end;
    tape.nexts[node] = node + 1;
    at = end < 0 ? length : end;
    if (end < 0) return stop("cut");
    wants = "after";
  }
}

/** After the closing quote of the string that begins at `at`; -1 where the text ends before it. */
function stringEnd(text: string, at: number): number {
  let from = at + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return -1;
    let slash = quote - 1;
    while (slash > at && text.charCodeAt(slash) === BACKSLASH) slash--;
    if ((quote - slash) % 2 === 1) return quote + 1;
    from = quote + 1;
  }
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

function isDelimiter(code: number): boolean {
  return code === 44 || code === 93 || code === 125 || isSpace(code);
}

function emptyTape(text: string, room: number): Tape {
  return {
    text,
    count: 0,
    kinds: new Uint8Array(room),
    starts: new Uint32Array(room),
    ends: new Uint32Array(room),
    keys: new Uint32Array(room),
    keyEnds: new Uint32Array(room),
    parents: new Int32Array(room),
    nexts: new Uint32Array(room),
    children: new Uint32Array(room),
    indexes: new Uint32Array(room),
    depths: new Uint32Array(room),
    state: "whole",
    stoppedAt: 0,
  };
}

function add(tape: Tape, kind: number, start: number, parent: number, key: number, keyEnd: number): number {
  if (tape.count === tape.kinds.length) grow(tape);
  const node = tape.count++;
  tape.kinds[node] = kind;
  tape.starts[node] = start;
  tape.keys[node] = key;
  tape.keyEnds[node] = keyEnd;
  tape.parents[node] = parent;
  if (parent >= 0) {
    tape.indexes[node] = tape.children[parent]!;
    tape.children[parent]!++;
    tape.depths[node] = tape.depths[parent]! + 1;
  }
  return node;
}

function grow(tape: Tape): void {
  const room = tape.kinds.length * 2;
  const larger = <T extends Uint8Array | Uint32Array | Int32Array>(made: T, old: T): T => {
    made.set(old);
    return made;
  };
  tape.kinds = larger(new Uint8Array(room), tape.kinds);
  tape.starts = larger(new Uint32Array(room), tape.starts);
  tape.ends = larger(new Uint32Array(room), tape.ends);
  tape.keys = larger(new Uint32Array(room), tape.keys);
  tape.keyEnds = larger(new Uint32Array(room), tape.keyEnds);
  tape.parents = larger(new Int32Array(room), tape.parents);
  tape.nexts = larger(new Uint32Array(room), tape.nexts);
  tape.children = larger(new Uint32Array(room), tape.children);
  tape.indexes = larger(new Uint32Array(room), tape.indexes);
  tape.depths = larger(new Uint32Array(room), tape.depths);
}
