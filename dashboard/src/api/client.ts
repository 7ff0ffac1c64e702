import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema";

/** What the API says went wrong (problem details, RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly parameter = "",
    readonly accepted = "",
    readonly value = "",
  ) {
    super(detail || title);
  }
}

let csrf = "";

/** The session's token, which changes need; `useMe` sets it. */
export function setCsrf(token: string): void {
  csrf = token;
}

export function csrfHeaders(): Record<string, string> {
  return csrf ? { "X-CSRF-Token": csrf } : {};
}

const guard: Middleware = {
  onRequest({ request }) {
    if (csrf && request.method !== "GET") request.headers.set("X-CSRF-Token", csrf);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
    return response;
  },
  onError({ error }) {
    if (error instanceof ApiError) return error;
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return new ApiError(0, "The control plane does not answer", "It may be restarting. This page tries again by itself.");
  },
};

export async function problemOf(response: Response): Promise<ApiError> {
  let problem: Record<string, unknown> = {};
  try {
    problem = (await response.json()) as Record<string, unknown>;
  } catch {
    // not JSON: a proxy in front of us, perhaps
  }
  const word = (name: string) => (typeof problem[name] === "string" ? problem[name] : "");
  const title = word("title") || `The control plane answered ${response.status}`;
  return new ApiError(response.status, title, word("detail"), word("parameter"), word("accepted"), word("value"));
}

export const api = createClient<paths>({ baseUrl: "/" });
api.use(guard);

/** The data of an answer; errors were thrown before. */
export async function dataOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}
