/** Whether an error says that a page's script or style did not arrive: the control plane is away, or has another version. */
export function isMissingPart(error: unknown): boolean {
  return error instanceof Error && /dynamically imported module|preload CSS|importing a module script|module script failed/i.test(error.message);
}

const RELOADED = "perihelion-reloaded";
const AGAIN_MS = 10_000;

/** Whether the page may be loaded anew: not where it was a moment ago, and the part is missing all the same. */
export function mayReload(now: number, storage: Pick<Storage, "getItem" | "setItem"> = sessionStorage): boolean {
  const before = Number(storage.getItem(RELOADED) ?? 0);
  if (now - before < AGAIN_MS) return false;
  storage.setItem(RELOADED, String(now));
  return true;
}
