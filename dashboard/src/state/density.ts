import { useSyncExternalStore } from "react";

export type Density = "dense" | "roomy";

const KEY = "perihelion:density";
const watchers = new Set<() => void>();

function read(): Density {
  return localStorage.getItem(KEY) === "roomy" ? "roomy" : "dense";
}

/** How high rows of tables are, in this browser. */
export function useDensity(): Density {
  return useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, read);
}

export function setDensity(density: Density): void {
  localStorage.setItem(KEY, density);
  for (const watcher of watchers) watcher();
}
