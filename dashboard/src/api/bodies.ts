import { problemOf } from "./client";

export type BodyPart = "request" | "response" | "response_text" | "tool_calls" | "sent" | "chunk_times";

/** How much of a body is fetched before anybody asks for more. */
export const HEAD_BYTES = 256 * 1024;

export function bodyAddress(id: string, part: BodyPart): string {
  return `/api/requests/${encodeURIComponent(id)}/bodies/${part}`;
}

/** The bytes of a body, all or the first `bytes` of them. Null where the log has none. */
export async function fetchBody(id: string, part: BodyPart, bytes: number | null, signal: AbortSignal): Promise<ArrayBuffer | null> {
  const answer = await fetch(bodyAddress(id, part), { signal, headers: bytes === null ? {} : { Range: `bytes=0-${bytes - 1}` } });
  if (answer.status === 404 || answer.status === 416) return null;
  if (!answer.ok) throw await problemOf(answer);
  return answer.arrayBuffer();
}
