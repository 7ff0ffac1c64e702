/// <reference lib="webworker" />
import { packedOf, unpack } from "../json/base64";
import { stringOf } from "../json/values";
import type { Part as ContentPart } from "../conversation/types";
import { conversationOf, type Response } from "../conversation/conversationOf";
import { describe } from "../stream/describe";
import { Body } from "./Body";
import { Clipper, WHOLE_RESPONSE } from "./clip";
import type { CallWorkerMethods, Part } from "./protocol";

/** Holds the bodies of one call, away from the page's thread: nothing in them, and no size of them, can make the page wait. */
const bodies = new Map<Part, Body>();
let clipper = new Clipper();
let versions = 0;

function body(part: Part): Body {
  const found = bodies.get(part);
  if (!found) throw new Error("This body is not loaded.");
  return found;
}

function responseOf(found: Body | undefined): Response {
  if (!found) return null;
  if (found.form === "events") return { events: found.events.map((event) => parse(event.data)) };
  return { whole: found.value() };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function bufferOf(text: string): ArrayBuffer | null {
  return unpack(text)?.buffer ?? null;
}

const methods: CallWorkerMethods = {
  load(part, bytes, about) {
    const loaded = new Body(new Uint8Array(bytes), about, ++versions);
    bodies.set(part, loaded);
    return loaded.summary();
  },
  treeRows(part, from, to) {
    const found = body(part);
    const end = Math.min(to, found.tree().folding.count);
    return Array.from({ length: Math.max(0, end - from) }, (_, index) => found.row(from + index));
  },
  toggle(part, node) {
    const { folding } = body(part).tree();
    folding.toggle(node);
    return folding.count;
  },
  setAll(part, open) {
    const { folding } = body(part).tree();
    folding.setAll(open);
    return folding.count;
  },
  find: (part, wanted) => body(part).find(wanted),
  reveal(part, node) {
    const { folding } = body(part).tree();
    const row = folding.reveal(node);
    return { row, rows: folding.count };
  },
  value: (part, node, limit) => body(part).valueAt(node, limit),
  countText: (part) => body(part).textRows.count,
  textRows(part, from, to) {
    const { textRows } = body(part);
    return Array.from({ length: Math.max(0, Math.min(to, textRows.count) - from) }, (_, index) => textRows.row(from + index));
  },
  findText: (part, wanted) => body(part).findText(wanted),
  events: (from, to) => body("response").events.slice(from, to).map((event, index) => describe(event, from + index, body("response").endOf(from + index))),
  eventData: (index, limit) => (body("response").events[index]?.data ?? "").slice(0, limit),
  conversation() {
    const request = bodies.get("sent") ?? bodies.get("request");
    const response = bodies.get("response");
    const found = conversationOf(request?.value(), responseOf(response));
    if (found && response?.form === "binary") found.answers.push({ role: "assistant", name: "", note: "", parts: [wholeMedia(response)] });
    clipper = new Clipper();
    const partial = [request, response].some((each) => each && (!each.about.whole || (each.tape !== null && each.tape.state !== "whole" && each.form === "json")));
    return found && clipper.shown(found, partial);
  },
  longText: (ref, limit) => clipper.text(ref).slice(0, limit),
  bytes: (ref) => bufferOf(clipper.text(ref)),
  bytesAt(part, node) {
    const { tape } = body(part).tree();
    return bufferOf(stringOf(tape, node));
  },
  wholeBytes: (part) => body(part).bytes.slice().buffer,
  difference() {
    const before = bodies.get("request");
    const after = bodies.get("sent");
    if (!before || !after) return null;
    const texts = { before: indented(before.text), after: indented(after.text) };
    return texts.before.length + texts.after.length > MAX_COMPARED ? "too large" : texts;
  },
};

/** A response that is bytes: a sound, a picture. */
function wholeMedia({ about }: Body): ContentPart {
  const type = about.type.split(";")[0]!.trim().toLowerCase();
  const word = type.split("/")[0];
  const what = word === "image" || word === "audio" || word === "video" ? word : "file";
  return { kind: "media", media: { what, type, name: "", bytes: about.size, url: "", id: "", data: WHOLE_RESPONSE } };
}

const MAX_COMPARED = 2_000_000;

/** JSON with indentation; base64 in it is only named, since nobody compares it. */
function indented(text: string): string {
  const value = parse(text);
  if (value === null) return text;
  try {
    return JSON.stringify(value, (_, each: unknown) => (typeof each === "string" && each.length > 400 && packedOf(each) ? `base64 of ${each.length} characters, ${each.slice(0, 24)}…` : each), 2);
  } catch {
    return text;
  }
}

addEventListener("message", (event: MessageEvent<{ id: number; method: keyof CallWorkerMethods; args: unknown[] }>) => {
  const { id, method, args } = event.data;
  try {
    const result = (methods[method] as (...args: unknown[]) => unknown)(...args);
    postMessage({ id, result }, result instanceof ArrayBuffer ? [result] : []);
  } catch (error) {
    postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
