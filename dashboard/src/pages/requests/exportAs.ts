import { csrfHeaders, problemOf } from "@/api/client";
import { zoneName } from "@/format/times";
import type { Scope } from "@/state/search";

export type ExportFormat = "csv" | "jsonl" | "parquet";

export interface ExportChoice {
  format: ExportFormat;
  /** Names of the API; null for all. */
  columns: string[] | null;
  bodies: boolean;
}

/** Bytes a call, of files without bodies: measured with the demo's traffic, all columns, and each of a few that were chosen. */
const SIZES: Record<ExportFormat, { all: number; column: number }> = {
  csv: { all: 930, column: 26 },
  jsonl: { all: 2_870, column: 35 },
  parquet: { all: 115, column: 2.5 },
};

/** About how large the file will be; null where that depends on the bodies. */
export function sizeOf(choice: ExportChoice, calls: number): number | null {
  if (choice.bodies) return null;
  const { all, column } = SIZES[choice.format];
  return calls * (choice.columns ? choice.columns.length * column : all);
}

/** Downloads the calls of a scope as a file; `onBytes` hears how much has come. Throws an `ApiError`. A large file goes to
 * the disk as it comes, where the browser can do that. */
export async function exportAs(choice: ExportChoice, scope: Scope, signal: AbortSignal, onBytes: (bytes: number) => void, large: boolean): Promise<void> {
  const name = `requests-${new Date().toISOString().slice(0, 10)}.${choice.format}`;
  const file = large ? await chooseFile(name) : null;
  const answer = await fetch("/api/requests/export", {
    method: "POST",
    signal,
    headers: { "Content-Type": "application/json", ...csrfHeaders() },
    body: JSON.stringify({ ...choice, filter: scope.q || null, since: scope.since, until: scope.until, zone: zoneName(scope.zone) }),
  });
  if (!answer.ok) throw await problemOf(answer);
  let bytes = 0;
  const counted = answer.body!.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, out) {
        onBytes((bytes += piece.byteLength));
        out.enqueue(piece);
      },
    }),
  );
  if (file) return counted.pipeTo(file);
  save(await new Response(counted).blob(), name);
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A file that is written while it comes; null where the browser has no such thing. */
async function chooseFile(name: string): Promise<WritableStream<Uint8Array> | null> {
  const ask = (window as { showSaveFilePicker?: (options: object) => Promise<{ createWritable: () => Promise<WritableStream<Uint8Array>> }> }).showSaveFilePicker;
  return ask ? (await ask({ suggestedName: name })).createWritable() : null;
}
