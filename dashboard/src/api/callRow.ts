/** A row of the explorer: the columns that were asked for, by their public names. */
export interface CallRow {
  id: string;
  start: string;
  [column: string]: unknown;
}

export function textOf(row: CallRow, column: string): string {
  const value = row[column];
  return value === null || value === undefined ? "" : String(value);
}

export function numberOf(row: CallRow, column: string): number | null {
  const value = row[column];
  return typeof value === "number" ? value : null;
}

export function propertiesOf(row: CallRow): Record<string, string> {
  return (row["properties"] as Record<string, string> | null | undefined) ?? {};
}

/** Whether a call failed, for whatever reason: as the API's column `failed`. */
export function isFailed(row: CallRow): boolean {
  return Number(row["status"]) >= 400 || textOf(row, "outcome") !== "success" || textOf(row, "error") !== "";
}

/** Whether it failed for a reason that is the caller's pace or patience, not a fault. */
export function isRefused(row: CallRow): boolean {
  return row["status"] === 429 || row["status"] === 499;
}

const SHORT: Record<string, string> = {
  user: "user_id",
  session: "session_id",
  name: "request_name",
  prompt: "prompt_id",
  trace: "trace_id",
  latency: "latency_ms",
  ttft: "ttft_ms",
  tool: "tool_names",
};

/** A row made of a whole event, as the live tail sends it. Scores are not in it: a new call has none. */
export function rowOfEvent(event: Record<string, unknown>, columns: string[]): CallRow {
  const row: CallRow = { id: String(event["id"]), start: String(event["start"]) };
  for (const column of columns) row[column] = valueOf(event, column);
  return row;
}

function valueOf(event: Record<string, unknown>, column: string): unknown {
  if (column.startsWith("property.")) {
    const properties = (event["properties"] as Record<string, string> | null) ?? {};
    const name = Object.keys(properties).find((each) => each.toLowerCase() === column.slice(9).toLowerCase());
    return name === undefined ? null : properties[name];
  }
  const number = (name: string) => (typeof event[name] === "number" ? (event[name] as number) : null);
  const dollars = (nano: number | null) => (nano === null ? null : nano / 1e9);
  switch (column) {
    case "cost":
      return dollars(number("cost_nanousd"));
    case "saved":
      return dollars(number("saved_nanousd"));
    case "tokens":
      return number("input_tokens") === null ? number("output_tokens") : number("input_tokens")! + (number("output_tokens") ?? 0);
    case "tokens_per_second": {
      const writing = (number("latency_ms") ?? 0) - (number("ttft_ms") ?? 0);
      return writing > 0 && number("output_tokens") !== null ? (number("output_tokens")! * 1000) / writing : null;
    }
    case "failed":
      return isFailed(event as CallRow);
    default:
      return event[SHORT[column] ?? column] ?? null;
  }
}
