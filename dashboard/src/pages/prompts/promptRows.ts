import type { Prompt, VersionRow } from "@/api/prompts";
import type { Sort } from "@/components/DataTable";

/** A prompt with the figures of its calls in the time range. */
export interface PromptRow extends Prompt {
  calls: number;
  errors: number;
  /** Null where calls have no known cost. */
  cost: number | null;
  p95: number | null;
  /** When it was called last within the range; empty: not at all. */
  lastUsed: string;
}

/** Joins prompts with figures: `p95` by prompt, and those of each version, which add up. */
export function joinFigures(prompts: Prompt[], versions: VersionRow[], p95: Map<string, number | null>): PromptRow[] {
  const byPrompt = new Map<string, VersionRow[]>();
  for (const row of versions) byPrompt.set(row.prompt, [...(byPrompt.get(row.prompt) ?? []), row]);
  return prompts.map((prompt) => {
    const rows = byPrompt.get(prompt.id) ?? [];
    const known = rows.filter((row) => row.cost != null);
    return {
      ...prompt,
      calls: rows.reduce((sum, row) => sum + row.calls, 0),
      errors: rows.reduce((sum, row) => sum + row.errors, 0),
      cost: rows.length && !known.length ? null : known.reduce((sum, row) => sum + row.cost!, 0),
      p95: p95.get(prompt.id) ?? null,
      lastUsed: rows.reduce((last, row) => (row.last_seen > last ? row.last_seen : last), ""),
    };
  });
}

/** Those whose id, name or an environment holds each word of `text`. */
export function search<Row extends Prompt>(rows: Row[], text: string): Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const all = `${row.id} ${row.name} ${Object.keys(row.labels).join(" ")}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

const VALUES: Record<string, (row: PromptRow) => number | string> = {
  name: (row) => (row.name || row.id).toLowerCase(),
  newest: (row) => row.newest,
  calls: (row) => row.calls,
  cost: (row) => row.cost ?? -1,
  p95: (row) => row.p95 ?? -1,
  error_rate: (row) => (row.calls ? row.errors / row.calls : -1),
  last_used: (row) => row.lastUsed,
};

/** In the order asked for; equal ones by id. */
export function sorted(rows: PromptRow[], sort: Sort): PromptRow[] {
  const value = VALUES[sort.column] ?? VALUES["name"]!;
  const sign = sort.direction === "asc" ? 1 : -1;
  return [...rows].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    return a === b ? (one.id < other.id ? -1 : 1) : a < b ? -sign : sign;
  });
}
