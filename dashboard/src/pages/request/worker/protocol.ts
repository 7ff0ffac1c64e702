import type { Conversation } from "../conversation/types";

export type Part = "request" | "response" | "sent";

/** How a body can be looked at. */
export type Form = "empty" | "json" | "events" | "text" | "binary";

/** What the worker says of a body that it was given. */
export interface Summary {
  /** Rises with each load, so that rows of an older one are not mistaken for those of this one. */
  version: number;
  form: Form;
  /** Bytes that are here, and of the whole body. */
  loaded: number;
  size: number;
  whole: boolean;
  type: string;
  nodes: number;
  /** Rows of the tree, and of the text. */
  treeRows: number;
  /** Why the tree ends where it ends. */
  state: "whole" | "cut" | "full" | "bad";
  events: number;
}

export interface TreeRow {
  node: number;
  depth: number;
  /** A key, or the number of an element; the root has neither. */
  label: string | null;
  isIndex: boolean;
  kind: number;
  /** The value, cut to what a row can show. */
  text: string;
  /** Characters of the whole value. */
  length: number;
  children: number;
  open: boolean;
  /** What base64 holds. */
  packed: { type: string; bytes: number } | null;
}

export interface Value {
  path: string;
  text: string;
  length: number;
}

export interface EventRow {
  index: number;
  at: number;
  /** Bytes, and bytes of the response up to its end. */
  size: number;
  end: number;
  name: string;
  /** What it adds: the text of a delta, or the beginning of its data. */
  text: string;
  kind: "text" | "reasoning" | "tool" | "end" | "error" | "other";
}

export interface ShownConversation extends Conversation {
  /** Messages in the middle that are not here, of so many. */
  left: number;
  total: number;
  /** The request or the response broke off, so that this is not all. */
  partial: boolean;
}

/** What can be asked of the worker. All answers are promises on the page's side. */
export interface CallWorkerMethods {
  load(part: Part, body: ArrayBuffer, about: { size: number; whole: boolean; type: string }): Summary;
  treeRows(part: Part, from: number, to: number): TreeRow[];
  toggle(part: Part, node: number): number;
  setAll(part: Part, open: boolean): number;
  find(part: Part, wanted: string): number[];
  reveal(part: Part, node: number): { row: number; rows: number };
  value(part: Part, node: number, limit: number): Value;
  countText(part: Part): number;
  textRows(part: Part, from: number, to: number): string[];
  findText(part: Part, wanted: string): number[];
  events(from: number, to: number): EventRow[];
  eventData(index: number, limit: number): string;
  conversation(): ShownConversation | null;
  longText(ref: number, limit: number): string;
  bytes(ref: number): ArrayBuffer | null;
  bytesAt(part: Part, node: number): ArrayBuffer | null;
  wholeBytes(part: Part): ArrayBuffer | null;
  /** What was asked and what was sent, indented, without base64. */
  difference(): { before: string; after: string } | "too large" | null;
}
