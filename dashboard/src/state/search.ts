import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Zone } from "@/format/times";

/** What every page reads from the URL: the filter's text form, the time range, the zone. Nothing else holds them. */
export interface Scope {
  q: string;
  since: string;
  until: string;
  zone: Zone;
}

export { addCondition, joinCondition } from "./filterText";

export const DEFAULT_SINCE = "24h";
const DEFAULTS: Record<string, string> = { since: DEFAULT_SINCE, zone: "local" };

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Makes a `Scope` of whatever stands in the URL: what is absent becomes the default. Other keys are kept. */
export function readScope(search: Record<string, unknown>): Scope & Record<string, unknown> {
  return {
    ...search,
    q: text(search["q"]),
    since: text(search["since"]) || DEFAULT_SINCE,
    until: text(search["until"]),
    zone: search["zone"] === "utc" ? "utc" : "local",
  };
}

/** The URL without what equals the default, so that links stay short. */
export function writeScope(search: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(search).filter(([name, value]) => value !== "" && value !== undefined && value !== DEFAULTS[name]));
}

type Change = Partial<Scope> & Record<string, unknown>;

/** The scope of this page, and how to change it. Changing it keeps all other search params. */
export function useScope(): [Scope & Record<string, unknown>, (change: Change, replace?: boolean) => void] {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const set = useCallback(
    (change: Change, replace = false) => {
      void navigate({
        to: ".",
        replace,
        resetScroll: false,
        search: ((before: Record<string, unknown>) => writeScope({ ...before, ...change })) as never,
      });
    },
    [navigate],
  );
  return [readScope(search), set];
}

/** The order of a list as the URL has it: `-cost` is the highest first. */
export function readSort(text: unknown): { column: string; direction: "asc" | "desc" } | undefined {
  if (typeof text !== "string" || !text) return undefined;
  return text.startsWith("-") ? { column: text.slice(1), direction: "desc" } : { column: text, direction: "asc" };
}

export function writeSort(sort: { column: string; direction: "asc" | "desc" }): string {
  return `${sort.direction === "desc" ? "-" : ""}${sort.column}`;
}
