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

/** Tells the frame that the session has ended, or that nobody answers: it says so over the page, which stays. */
export function tell(status: number, path: string): void {
  if (status === 401 && !ENTRIES.has(path)) dispatchEvent(new Event("perihelion:expired"));
  if (status === 0 || status === 502 || status === 504) dispatchEvent(new Event("perihelion:unreachable"));
}

const ENTRIES = new Set(["/api/login", "/api/links/use"]);

const guard: Middleware = {
  onRequest({ request }) {
    if (csrf && request.method !== "GET") request.headers.set("X-CSRF-Token", csrf);
    return request;
  },
  async onResponse({ request, response }) {
    if (response.ok) return response;
    tell(response.status, new URL(request.url).pathname);
    throw await problemOf(response);
  },
  onError({ error }) {
    if (error instanceof ApiError) return error;
    if (error instanceof DOMException && error.name === "AbortError") return error;
    tell(0, "");
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
