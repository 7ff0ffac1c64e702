/** What a long base64 text holds, as far as its beginning tells. */
export interface Packed {
  /** A media type, empty where it is not known. */
  type: string;
  bytes: number;
}

const MIN_CHARS = 256;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*);base64,/i;

const MAGIC: [string, string][] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["JVBERi0", "application/pdf"],
  ["SUQz", "audio/mpeg"],
  ["//v", "audio/mpeg"],
  ["//N", "audio/mpeg"],
  ["T2dnUw", "audio/ogg"],
  ["ZkxhQw", "audio/flac"],
  ["UEsDB", "application/zip"],
  ["H4sI", "application/gzip"],
];

/** Whether a string is base64 that nobody wants to read. Looks at its beginning and end alone. */
export function packedOf(text: string, length = text.length): Packed | null {
  const url = DATA_URL.exec(text.slice(0, 300));
  const start = url ? url[0].length : 0;
  if (!url && length < MIN_CHARS) return null;
  const head = text.slice(start, start + 1024).replace(/[\r\n]/g, "");
  if (!BASE64.test(head.slice(0, -4)) && head.length > 4) return null;
  // A word of 256 letters is no base64 that we know of: bytes have digits and both cases.
  if (!url && !(/[A-Z]/.test(head) && /[a-z]/.test(head) && /[0-9]/.test(head))) return null;
  return { type: (url?.[1] ?? "").toLowerCase() || typeOf(head), bytes: Math.floor(((length - start) * 3) / 4) };
}

function typeOf(head: string): string {
  if (head.startsWith("UklGR")) return head.startsWith("RUJQ", 12) ? "image/webp" : head.startsWith("QVZF", 12) ? "audio/wav" : "";
  return MAGIC.find(([start]) => head.startsWith(start))?.[1] ?? "";
}

/** The bytes of a base64 text or data: URL. Null where it is none. */
export function unpack(text: string): Uint8Array<ArrayBuffer> | null {
  const plain = text.replace(DATA_URL, "").replace(/[\r\n\s]/g, "").replaceAll("-", "+").replaceAll("_", "/");
  try {
    const binary = atob(plain);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  } catch {
    return null;
  }
}
