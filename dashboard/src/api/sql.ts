import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { api, csrfHeaders, dataOf, problemOf } from "./client";
import { parseExact } from "./exactJson";
import type { components } from "./schema";

export type SqlResult = components["schemas"]["SqlResult"];
export type SqlColumn = components["schemas"]["SqlColumn"];
export type SqlView = components["schemas"]["SqlViewHelp"];

/** The views and columns that SQL can read. */
export function useSqlSchema() {
  return useQuery({ queryKey: ["sql schema"], staleTime: Infinity, queryFn: ({ signal }) => dataOf(api.GET("/api/sql/schema", { signal })) });
}

export interface SqlRun {
  state: "idle" | "running" | "done" | "failed" | "stopped";
  /** What was asked. */
  sql: string;
  startedAt: number;
  result?: SqlResult;
  error?: unknown;
}

const IDLE: SqlRun = { state: "idle", sql: "", startedAt: 0 };

/** Runs one query at a time; a new one and leaving the page stop the one before, at the engine as well. */
export function useSqlRun() {
  const [run, setRun] = useState<SqlRun>(IDLE);
  const controller = useRef<AbortController | null>(null);
  useEffect(() => () => controller.current?.abort(), []);
  const start = useCallback(async (sql: string): Promise<SqlRun> => {
    controller.current?.abort();
    const own = new AbortController();
    controller.current = own;
    const about = { sql, startedAt: Date.now() };
    setRun((before) => ({ ...about, state: "running", ...(before.result ? { result: before.result } : {}) }));
    let ended: SqlRun;
    try {
      const text = await dataOf(api.POST("/api/sql", { body: { sql }, parseAs: "text", signal: own.signal }));
      ended = { ...about, state: "done", result: parseExact(text as unknown as string) as SqlResult };
    } catch (error) {
      ended = own.signal.aborted ? { ...about, state: "stopped" } : { ...about, state: "failed", error };
    }
    if (controller.current === own) setRun(ended);
    return ended;
  }, []);
  const stop = useCallback(() => controller.current?.abort(), []);
  return { run, start, stop };
}

/** Runs the query once more and saves all of its rows as a file. Throws an `ApiError`. */
export async function downloadSql(sql: string, format: "csv" | "jsonl", name: string): Promise<void> {
  const answer = await fetch("/api/sql", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...csrfHeaders() },
    body: JSON.stringify({ sql, format }),
  });
  if (!answer.ok) throw await problemOf(answer);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${name || "result"}.${format}`;
  link.click();
  URL.revokeObjectURL(link.href);
}
