import { useMantineColorScheme } from "@mantine/core";
import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { api, dataOf } from "@/api/client";
import type { IconName } from "@/components/Icon";
import { addCondition, useScope, writeScope } from "@/state/search";
import { NAV } from "./nav";

export interface Command {
  /** Heading of its part of the list. */
  part: string;
  label: string;
  hint: string;
  /** The keys that do the same from anywhere. */
  keys?: string;
  icon: IconName;
  run: () => void;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Columns whose values are offered by name. */
const VALUES: { column: string; one: string; icon: IconName }[] = [
  { column: "user", one: "user", icon: "users" },
  { column: "model", one: "model", icon: "models" },
  { column: "prompt", one: "prompt", icon: "prompts" },
];

/** The commands for what is typed: an id, pages, values of the log, a filter, and settings of the page. */
export function useCommands(text: string, open: boolean): Command[] {
  const router = useRouter();
  const [scope, setScope] = useScope();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const typed = text.trim();
  const values = useQueries({
    queries: VALUES.map(({ column }) => ({
      queryKey: ["suggest", { column, prefix: typed }],
      enabled: open && typed.length > 1 && !UUID.test(typed),
      placeholderData: keepPreviousData,
      staleTime: 30_000,
      retry: false,
      queryFn: ({ signal }: { signal: AbortSignal }) => dataOf(api.GET("/api/suggest", { params: { query: { column, prefix: typed, limit: 3 } }, signal })),
    })),
  });
  const go = (to: string, search: Record<string, unknown> = {}, params: Record<string, string> = {}) =>
    void router.navigate({ to: to as never, search: writeScope({ since: scope.since, until: scope.until, zone: scope.zone, ...search }) as never, params: params as never });
  const fits = (label: string) => label.toLowerCase().includes(typed.toLowerCase());

  const found: Command[] = [];
  if (UUID.test(typed)) {
    found.push({ part: "Open", label: `Request ${typed}`, hint: "id", icon: "right", run: () => go("/requests/$id", {}, { id: typed.toLowerCase() }) });
  }
  for (const item of NAV.flatMap((group) => group.items)) {
    if (item.to in router.routesByPath && fits(item.label)) {
      found.push({ part: "Pages", label: item.label, hint: "", keys: `g ${item.key}`, icon: item.icon, run: () => go(item.to, { q: scope.q }) });
    }
  }
  if (typed.length > 1) {
    VALUES.forEach(({ column, one, icon }, index) => {
      for (const { value, calls } of values[index]?.data?.data ?? []) {
        found.push({
          part: "In the log",
          label: value,
          hint: `${one}, ${calls.toLocaleString("en")} ${calls === 1 ? "request" : "requests"}`,
          icon,
          run: () => go("/requests", { q: addCondition("", column, value) }),
        });
      }
    });
    found.push({ part: "Filter", label: typed, hint: "requests that match", icon: "search", run: () => go("/requests", { q: typed }) });
    found.push({ part: "Filter", label: `session:${typed}`, hint: "requests of a session", icon: "sessions", run: () => go("/requests", { q: addCondition("", "session", typed) }) });
  }
  const settings: Command[] = [
    { part: "This page", label: colorScheme === "dark" ? "Light theme" : "Dark theme", hint: "", icon: "settings", run: () => setColorScheme(colorScheme === "dark" ? "light" : "dark") },
    { part: "This page", label: scope.zone === "utc" ? "Times in the local zone" : "Times in UTC", hint: "", icon: "settings", run: () => setScope({ zone: scope.zone === "utc" ? "local" : "utc" }, true) },
    { part: "This page", label: "Copy the link to this view", hint: "", icon: "copy", run: () => void navigator.clipboard?.writeText(location.href) },
    { part: "This page", label: "Keyboard shortcuts", hint: "", keys: "?", icon: "settings", run: () => dispatchEvent(new KeyboardEvent("keydown", { key: "?" })) },
  ];
  return [...found, ...settings.filter((each) => fits(each.label))];
}
