/** Where to go after a login: the page that was asked for, and nothing outside this origin. */
export function safeNext(asked: string | null | undefined): string {
  if (!asked || !/^\/(?![/\\])/.test(asked) || /[\u0000-\u001f]/.test(asked)) return "/";
  return /^\/login(?:[/?#]|$)/.test(asked) ? "/" : asked;
}

const KEY = "perihelion:next";

/** The provider's login leads away from here and comes back to /login: this keeps where to go then. */
export function keepNext(next: string): void {
  sessionStorage.setItem(KEY, next);
}

export function keptNext(): string {
  const kept = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return safeNext(kept);
}
