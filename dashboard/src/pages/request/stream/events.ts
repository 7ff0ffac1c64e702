/** One event of a stream, as it stands in the stored body. */
export interface StreamEvent {
  /** Characters from the start of the body; of a binary stream bytes. */
  at: number;
  /** With its line ends. */
  size: number;
  name: string;
  data: string;
}

export const MAX_EVENTS = 200_000;

/** The events of `text/event-stream`. A last one without its empty line counts too. */
export function sseEvents(text: string): StreamEvent[] {
  const events: StreamEvent[] = [];
  let at = 0;
  while (at < text.length && events.length < MAX_EVENTS) {
    const end = eventEnd(text, at);
    const event = eventOf(text.slice(at, end), at);
    if (event) events.push(event);
    at = end;
  }
  return events;
}

const GAP = /\r\n\r\n|\n\n|\r\r/g;

function eventEnd(text: string, from: number): number {
  GAP.lastIndex = from;
  const gap = GAP.exec(text);
  return gap ? gap.index + gap[0].length : text.length;
}

function eventOf(block: string, at: number): StreamEvent | null {
  let name = "";
  const data: string[] = [];
  let said = false;
  for (const line of block.split(/\r\n|\n|\r/)) {
    if (!line) continue;
    said = true;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
    else if (field === "") name ||= "comment";
  }
  return said ? { at, size: block.length, name, data: data.join("\n") } : null;
}

/** The lines of a stream of JSON lines. */
export function lineEvents(text: string): StreamEvent[] {
  const events: StreamEvent[] = [];
  let at = 0;
  while (at < text.length && events.length < MAX_EVENTS) {
    const end = text.indexOf("\n", at);
    const next = end < 0 ? text.length : end + 1;
    const data = text.slice(at, next).trim();
    if (data) events.push({ at, size: next - at, name: "", data });
    at = next;
  }
  return events;
}

/** The frames of `application/vnd.amazon.eventstream`: lengths, headers, payload. Checksums are not looked at. */
export function amazonEvents(bytes: Uint8Array): StreamEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  const events: StreamEvent[] = [];
  let at = 0;
  while (at + 16 <= bytes.length && events.length < MAX_EVENTS) {
    const size = view.getUint32(at);
    const headers = view.getUint32(at + 4);
    if (size < 16 || at + size > bytes.length || 12 + headers > size - 4) break;
    const payload = decoder.decode(bytes.subarray(at + 12 + headers, at + size - 4));
    events.push({ at, size, name: typeHeader(bytes.subarray(at + 12, at + 12 + headers)), data: unwrapped(payload) });
    at += size;
  }
  return events;
}

/** The header `:event-type` or `:exception-type`. A header is its name, the type 7, two bytes of length, and the text. */
function typeHeader(bytes: Uint8Array): string {
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 1 + bytes[at]!;
    if (bytes[nameEnd] !== 7) return "";
    const start = nameEnd + 3;
    const end = start + (bytes[nameEnd + 1]! << 8) + bytes[nameEnd + 2]!;
    if (/^:(event|exception)-type$/.test(decoder.decode(bytes.subarray(at + 1, nameEnd)))) return decoder.decode(bytes.subarray(start, end));
    at = end;
  }
  return "";
}

/** InvokeModel's stream carries the model's own events as base64. */
function unwrapped(payload: string): string {
  const found = /^\{[^{}]*"bytes":"([A-Za-z0-9+/=]+)"/.exec(payload);
  if (!found) return payload;
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(found[1]!), (char) => char.charCodeAt(0)));
  } catch {
    return payload;
  }
}
