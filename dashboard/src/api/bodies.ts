import { useQuery } from "@tanstack/react-query";
import { problemOf } from "./client";

export type BodyPart = "request" | "response" | "response_text" | "tool_calls";

/** How much of a body is fetched before anybody asks for more. */
export const HEAD_BYTES = 256 * 1024;

export interface Body {
  text: string;
  /** Bytes of the whole body, as far as the server says. */
  size: number;
  whole: boolean;
}

export function bodyAddress(id: string, part: BodyPart): string {
  return `/api/requests/${encodeURIComponent(id)}/bodies/${part}`;
}

/** The beginning of a body, or all of it with `all`. Null where the call has none. */
export function useBody(id: string, part: BodyPart, all = false, enabled = true) {
  return useQuery({
    queryKey: ["body", id, part, all],
    enabled,
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<Body | null> => {
      const answer = await fetch(bodyAddress(id, part), { signal, headers: all ? {} : { Range: `bytes=0-${HEAD_BYTES - 1}` } });
      if (answer.status === 404 || answer.status === 416) return null;
      if (!answer.ok) throw await problemOf(answer);
      const text = await answer.text();
      const size = Number(/\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1] ?? NaN);
      const length = new Blob([text]).size;
      return { text, size: Number.isNaN(size) ? length : size, whole: answer.status === 200 || length >= size };
    },
  });
}
