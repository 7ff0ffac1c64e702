import { csrfHeaders, problemOf } from "@/api/client";
import { zoneName } from "@/format/times";
import type { Scope } from "@/state/search";

/** Downloads the calls of a scope as a file. Throws an `ApiError`. */
export async function exportAs(format: "csv" | "jsonl" | "parquet", scope: Scope): Promise<void> {
  const answer = await fetch("/api/requests/export", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...csrfHeaders() },
    body: JSON.stringify({ format, filter: scope.q || null, since: scope.since, until: scope.until, zone: zoneName(scope.zone) }),
  });
  if (!answer.ok) throw await problemOf(answer);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `requests.${format}`;
  link.click();
  URL.revokeObjectURL(link.href);
}
