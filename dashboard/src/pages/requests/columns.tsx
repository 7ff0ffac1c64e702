import type { ReactNode } from "react";
import { numberOf, propertiesOf, textOf, type CallRow } from "@/api/callRow";
import { FilterLink, Status, Tag, Time } from "@/components/Bits";
import type { Column } from "@/components/DataTable";
import { ABSENT, bytes, count, duration, shortCount } from "@/format/numbers";
import { Cost, Feedback, LatencyBar, LatencyHeader, Model, Prompt, Properties, Score, Tokens, Value } from "./cells";

/** One column that the list can show. More: a row here. */
export interface ListColumn {
  id: string;
  label: string;
  group: "Call" | "Time" | "Tokens and cost" | "Who" | "Result" | "Gateway" | "Your own";
  /** The columns that are asked for, by their names in the API. */
  needs: string[];
  column: Omit<Column<CallRow>, "id">;
}

type Rest = Partial<Omit<Column<CallRow>, "id">>;

function listed(id: string, label: string, group: ListColumn["group"], needs: string[], width: string, cell: (row: CallRow) => ReactNode, rest: Rest = {}): ListColumn {
  return { id, label, group, needs, column: { header: label, width, cell, ...rest } };
}

/** A column of text whose values filter by themselves. */
function named(id: string, label: string, group: ListColumn["group"], width: string, name = id): ListColumn {
  return listed(id, label, group, [name], width, (row) => <Value column={id} value={textOf(row, name)} />, { filter: (row) => ({ column: id, value: textOf(row, name) }) });
}

function figured(id: string, label: string, group: ListColumn["group"], width: string, show: (value: number | null) => string): ListColumn {
  return listed(id, label, group, [id], width, (row) => <Figure value={show(numberOf(row, id))} />, {
    numeric: true,
    sort: id,
    filter: (row) => (numberOf(row, id) === null ? { column: id, value: null } : { column: id, value: numberOf(row, id), kind: "number" }),
  });
}

function Figure({ value }: { value: string }) {
  return <span className={value === ABSENT ? "dim" : ""}>{value}</span>;
}

const speed = (value: number | null) => (value === null ? ABSENT : `${value < 10 ? value.toFixed(1) : shortCount(value)} tok/s`);

export const LIST_COLUMNS: ListColumn[] = [
  listed("start", "Time", "Call", ["start"], "118px", (row) => <Time at={row.start} />, { sort: "start", filter: (row) => ({ column: "start", value: row.start, kind: "time" }) }),
  listed("status", "Status", "Call", ["status", "outcome"], "62px", (row) => <FilterLink column="status" value={Number(row["status"])}><Status code={Number(row["status"])} outcome={textOf(row, "outcome")} /></FilterLink>, {
    sort: "status",
    filter: (row) => ({ column: "status", value: Number(row["status"]) }),
  }),
  listed("model", "Model", "Call", ["model", "model_asked", "provider"], "minmax(124px, 1.5fr)", (row) => <Model row={row} />, { filter: (row) => ({ column: "model", value: textOf(row, "model") || textOf(row, "model_asked") }) }),
  listed("prompt", "Prompt", "Call", ["request_preview", "request_name", "error_message"], "minmax(140px, 2.2fr)", (row) => <Prompt row={row} />, {
    filter: (row) => (textOf(row, "error") ? { column: "error", value: textOf(row, "error") } : undefined),
  }),
  listed("response", "Response", "Call", ["response_preview"], "minmax(150px, 2.2fr)", (row) => <span className="dim">{textOf(row, "response_preview") || ABSENT}</span>),
  named("provider", "Provider", "Call", "100px"),
  named("operation", "Operation", "Call", "110px"),
  named("name", "Name", "Call", "120px"),
  named("path", "Path", "Call", "170px"),
  named("id", "Id", "Call", "276px"),
  listed("latency", "Latency", "Time", ["latency_ms", "ttft_ms"], "150px", (row) => <LatencyBar row={row} />, {
    header: <LatencyHeader />,
    sort: "latency_ms",
    filter: (row) => (numberOf(row, "latency_ms") === null ? undefined : { column: "latency_ms", value: numberOf(row, "latency_ms"), kind: "number" }),
  }),
  { ...figured("ttft_ms", "First token", "Time", "92px", duration), id: "ttft" },
  figured("first_byte_ms", "First byte", "Time", "92px", duration),
  { ...figured("sent_ms", "Proxy added", "Time", "96px", duration), id: "proxy_added" },
  { ...figured("tokens_per_second", "Speed", "Time", "100px", speed), id: "speed" },
  listed("tokens", "Tokens in → out", "Tokens and cost", ["tokens", "input_tokens", "output_tokens"], "114px", (row) => <Tokens row={row} />, {
    numeric: true,
    sort: "tokens",
    filter: (row) => ({ column: "tokens", value: numberOf(row, "tokens"), kind: "number" }),
  }),
  figured("input_tokens", "Input", "Tokens and cost", "80px", count),
  figured("output_tokens", "Output", "Tokens and cost", "80px", count),
  figured("cached_input_tokens", "Cached input", "Tokens and cost", "100px", count),
  figured("reasoning_tokens", "Reasoning", "Tokens and cost", "92px", count),
  listed("cost", "Cost", "Tokens and cost", ["cost", "cost_known", "cached"], "110px", (row) => <Cost row={row} column="cost" />, {
    numeric: true,
    sort: "cost",
    filter: (row) => (numberOf(row, "cost") === null ? { column: "cost", value: null } : { column: "cost", value: numberOf(row, "cost"), kind: "number" }),
  }),
  listed("saved", "Saved", "Tokens and cost", ["saved"], "112px", (row) => <Cost row={row} column="saved" />, { numeric: true, sort: "saved" }),
  named("user", "User", "Who", "minmax(86px, 0.9fr)"),
  named("session", "Session", "Who", "130px"),
  named("session_path", "Session path", "Who", "130px"),
  named("key", "API key", "Who", "130px"),
  listed("properties", "Properties", "Your own", ["properties", "cached", "attempt_count"], "minmax(104px, 1.4fr)", (row) => <Properties row={row} />, {
    filter: (row) => {
      const first = Object.entries(propertiesOf(row))[0];
      return first && { column: `property.${first[0].toLowerCase()}`, value: first[1] };
    },
  }),
  listed("feedback", "Rating", "Your own", ["feedback"], "80px", (row) => <Feedback row={row} />, { sort: "feedback", filter: (row) => ({ column: "feedback", value: textOf(row, "feedback") }) }),
  named("error", "Error", "Result", "130px"),
  named("outcome", "Outcome", "Result", "120px"),
  named("finish_reason", "Finish reason", "Result", "110px"),
  listed("tools", "Tools", "Result", ["tool_names"], "140px", (row) => <Tools row={row} />, { filter: (row) => ({ column: "tool", value: ((row["tool_names"] as string[] | null) ?? [])[0] ?? null }) }),
  { ...named("prompt", "Managed prompt", "Result", "120px", "prompt_id"), id: "prompt_id" },
  named("prompt_version", "Prompt version", "Result", "110px"),
  listed("cached", "Cache", "Gateway", ["cached"], "70px", (row) => <FilterLink column="cached" value={row["cached"] === true}>{row["cached"] === true ? <Tag tone="ok">hit</Tag> : <span className="dim">{ABSENT}</span>}</FilterLink>, {
    filter: (row) => ({ column: "cached", value: row["cached"] === true }),
  }),
  figured("attempt_count", "Attempts", "Gateway", "80px", count),
  listed("streamed", "Streamed", "Gateway", ["streamed"], "84px", (row) => <Value column="streamed" value={row["streamed"] === true ? "true" : "false"} />, { filter: (row) => ({ column: "streamed", value: row["streamed"] === true }) }),
  named("dialect", "Dialect", "Gateway", "96px"),
  figured("request_size", "Request size", "Gateway", "100px", bytes),
  figured("response_size", "Response size", "Gateway", "106px", bytes),
  named("trace", "Trace", "Gateway", "150px"),
];

export const DEFAULT_COLUMNS = ["start", "status", "model", "prompt", "latency", "tokens", "cost", "user", "properties"];

const BY_ID = new Map(LIST_COLUMNS.map((column) => [column.id, column]));

/** The column of an id; `property.<name>` and `score.<name>` are columns as well. Undefined for what no column has. */
export function listColumn(id: string): ListColumn | undefined {
  const known = BY_ID.get(id);
  if (known) return known;
  const [family, ...rest] = id.split(".");
  const name = rest.join(".");
  if (!name) return undefined;
  if (family === "property") return { ...named(id, name, "Your own", "120px") };
  if (family === "score") {
    return listed(id, name, "Your own", [id], "96px", (row) => <Score row={row} column={id} />, { numeric: true, sort: id, filter: (row) => ({ column: id, value: textOf(row, id) }) });
  }
  return undefined;
}

function Tools({ row }: { row: CallRow }) {
  const tools = (row["tool_names"] as string[] | null) ?? [];
  if (!tools.length) return <span className="dim">{ABSENT}</span>;
  return tools.map((tool) => (
    <FilterLink key={tool} column="tool" value={tool}>
      <Tag>{tool}</Tag>
    </FilterLink>
  ));
}
