import { findAll, nodesAt } from "../json/find";
import { Folding } from "../json/folding";
import { packedOf } from "../json/base64";
import { ARRAY, NO_KEY, STRING, tapeOf, type Tape } from "../json/tape";
import { decodeString, keyOf, pathOf, stringOf, valueOf } from "../json/values";
import { amazonEvents, lineEvents, sseEvents, type StreamEvent } from "../stream/events";
import { visible } from "../visible";
import type { Form, Summary, TreeRow, Value } from "./protocol";
import { TextRows } from "./TextRows";

const MAX_NODES = 1_000_000;
const SHOWN = 240;

/** One body of a call, in the worker: its text, its tree, its events, each made when it is first asked for. */
export class Body {
  readonly text: string;
  readonly form: Form;
  readonly tape: Tape | null = null;
  readonly folding: Folding | null = null;
  private madeEvents: StreamEvent[] | null = null;
  private madeRows: TextRows | null = null;
  private ends: number[] | null = null;

  constructor(
    readonly bytes: Uint8Array<ArrayBuffer>,
    readonly about: { size: number; whole: boolean; type: string },
    private readonly version: number,
  ) {
    const type = about.type.toLowerCase();
    const isBinary = /^(image|audio|video)\/|amazon\.eventstream|application\/(pdf|zip|octet-stream)/.test(type) && !looksLikeText(bytes);
    this.text = isBinary ? "" : new TextDecoder("utf-8").decode(bytes, { stream: !about.whole });
    if (!bytes.length) this.form = "empty";
    else if (type.includes("amazon.eventstream")) this.form = "events";
    else if (isBinary) this.form = "binary";
    else if ((type.includes("event-stream") && !/^\s*[[{]/.test(this.text)) || type.includes("ndjson") || type.includes("stream+json") || /^(event|data|id): ?/.test(this.text)) this.form = "events";
    else {
      const tape = /^\s*[[{"]/.test(this.text) ? tapeOf(this.text, MAX_NODES) : null;
      const isJson = tape !== null && tape.count > 0 && (tape.state !== "bad" || tape.count > 1);
      if (isJson) {
        this.tape = tape;
        this.folding = new Folding(tape);
      }
      this.form = isJson ? (isLines(this.text, tape) ? "events" : "json") : "text";
    }
  }

  summary(): Summary {
    const { tape, folding, form, about } = this;
    return {
      version: this.version, form, loaded: this.bytes.length, size: about.size, whole: about.whole, type: about.type,
      nodes: tape?.count ?? 0, treeRows: folding?.count ?? 0, state: tape?.state ?? "whole",
      events: form === "events" ? this.events.length : 0,
    };
  }

  get events(): StreamEvent[] {
    if (!this.madeEvents) {
      const type = this.about.type.toLowerCase();
      this.madeEvents = type.includes("amazon.eventstream") ? amazonEvents(this.bytes) : /^\s*[[{]/.test(this.text) ? lineEvents(this.text) : sseEvents(this.text);
    }
    return this.madeEvents;
  }

  /** Bytes of the body up to the end of an event. */
  endOf(index: number): number {
    if (!this.ends) {
      const isAscii = this.bytes.length === this.text.length || !this.text;
      const encoder = new TextEncoder();
      let at = 0;
      this.ends = this.events.map((event) => {
        const end = event.at + event.size;
        at = isAscii ? end : at + encoder.encode(this.text.slice(event.at, end)).length;
        return at;
      });
    }
    return this.ends[index] ?? 0;
  }

  get textRows(): TextRows {
    this.madeRows ??= new TextRows(this.text || this.events.map((event) => `${event.name}: ${event.data}`).join("\n"));
    return this.madeRows;
  }

  /** As JavaScript values; undefined where it is no JSON. */
  value(): unknown {
    return this.form === "json" && this.tape ? valueOf(this.tape) : undefined;
  }

  row(at: number): TreeRow {
    const { tape, folding } = this.tree();
    const node = folding.rows[at]!;
    const kind = tape.kinds[node]!;
    const start = tape.starts[node]!;
    const end = tape.ends[node]!;
    const length = end - start;
    const head = tape.text.slice(start, Math.min(end, start + SHOWN));
    const packed = kind === STRING && length > 258 ? packedOf(tape.text.slice(start + 1, start + 1400), length - 2) : null;
    const key = tape.keys[node] === NO_KEY ? null : visible((keyOf(tape, node) ?? "").slice(0, 200));
    return {
      node, kind, length, packed,
      depth: tape.depths[node]!,
      label: key ?? (node === 0 ? null : String(tape.indexes[node])),
      isIndex: key === null,
      text: kind === STRING ? JSON.stringify(visible(decodeString(head))).slice(0, length > SHOWN ? -1 : undefined) : visible(head.replace(/\s+/g, " ")),
      children: tape.children[node]!,
      open: kind <= ARRAY && folding.isOpen(node),
    };
  }

  valueAt(node: number, limit: number): Value {
    const { tape } = this.tree();
    const text = tape.kinds[node] === STRING ? stringOf(tape, node) : pretty(tape.text.slice(tape.starts[node], tape.ends[node]));
    return { path: pathOf(tape, node), text: text.slice(0, limit), length: text.length };
  }

  find(wanted: string): number[] {
    return nodesAt(this.tree().tape, findAll(this.text, wanted));
  }

  findText(wanted: string): number[] {
    return [...new Set(findAll(this.text, wanted).map((place) => this.textRows.rowAt(place)))];
  }

  tree(): { tape: Tape; folding: Folding } {
    if (!this.tape || !this.folding) throw new Error("This body is no JSON.");
    return { tape: this.tape, folding: this.folding };
  }
}

function looksLikeText(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 512);
  return head.length > 0 && !head.includes(0) && /^\s*([[{<]|data:|event:)/.test(new TextDecoder().decode(head));
}

/** Whether a text is several JSON values, a line each. */
function isLines(text: string, tape: Tape): boolean {
  return tape.state === "bad" && tape.count > 0 && tape.nexts[0] === tape.count && /^\s*[{[]/.test(text.slice(tape.stoppedAt, tape.stoppedAt + 100)) && text.slice(tape.ends[0], tape.stoppedAt).includes("\n");
}

/** JSON with indentation where that is quickly done and safe; else as it is. */
function pretty(text: string): string {
  if (text.length > 2_000_000) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
