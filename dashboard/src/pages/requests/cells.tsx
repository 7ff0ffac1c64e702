import { createContext, useContext } from "react";
import { isFailed, isRefused, numberOf, propertiesOf, textOf, type CallRow } from "@/api/callRow";
import { FilterLink, Tag } from "@/components/Bits";
import { ABSENT, count, duration, money } from "@/format/numbers";
import styles from "./cells.module.css";

/** The latency that fills a bar, in milliseconds: bars of one list compare. */
export const BarScale = createContext(1000);

const absent = <span className="dim">{ABSENT}</span>;

/** A value that filters by itself. */
export function Value({ column, value }: { column: string; value: string }) {
  return value ? <FilterLink column={column} value={value} /> : absent;
}

export function Model({ row }: { row: CallRow }) {
  const model = textOf(row, "model") || textOf(row, "model_asked");
  const provider = textOf(row, "provider");
  return (
    <span className={styles["model"]}>
      {model ? <FilterLink column="model" value={model} /> : absent}
      {provider && (
        <FilterLink column="provider" value={provider}>
          <span className="dim">{provider}</span>
        </FilterLink>
      )}
    </span>
  );
}

/** How the prompt begins; of a failed call, what went wrong. */
export function Prompt({ row }: { row: CallRow }) {
  if (!isFailed(row)) return <span className={styles["second"]}>{textOf(row, "request_preview") || textOf(row, "request_name") || ABSENT}</span>;
  const error = textOf(row, "error") || textOf(row, "outcome");
  return (
    <span className={isRefused(row) ? styles["warn"] : styles["bad"]}>
      <FilterLink column={textOf(row, "error") ? "error" : "outcome"} value={error} />
      {textOf(row, "error_message") && `: ${textOf(row, "error_message")}`}
    </span>
  );
}

export function Tokens({ row }: { row: CallRow }) {
  const [input, output] = [numberOf(row, "input_tokens"), numberOf(row, "output_tokens")];
  if (input === null && output === null) return absent;
  return <span className={styles["second"]}>{output === null ? count(input) : `${count(input)} → ${count(output)}`}</span>;
}

export function Cost({ row, column }: { row: CallRow; column: "cost" | "saved" }) {
  const cost = numberOf(row, column);
  if (column === "cost" && row["cached"] === true) return <span className={styles["free"]}>$0</span>;
  if (cost === null && (column === "saved" || isFailed(row))) return absent;
  return <span title={cost === null ? "The cost is not known: open the call to see why" : undefined}>{money(cost)}</span>;
}

export function LatencyHeader() {
  return (
    <>
      Latency{" "}
      <span className={styles["key"]}>
        <i />
        first token
      </span>
    </>
  );
}

/** How long a call took, and which part of it was before the first token. */
export function LatencyBar({ row }: { row: CallRow }) {
  const scale = useContext(BarScale);
  const [latency, ttft] = [numberOf(row, "latency_ms"), numberOf(row, "ttft_ms")];
  if (latency === null) return absent;
  const title = ttft === null ? `${duration(latency)} in all` : `${duration(ttft)} to the first token, ${duration(latency)} in all`;
  return (
    <span className={styles["latency"]} title={title}>
      <span className={styles["bar"]} style={{ width: `${Math.min(100, Math.max(2.5, (latency / scale) * 100))}%` }} data-over={latency > scale || undefined}>
        <i style={{ width: `${ttft === null || !latency ? 0 : (ttft / latency) * 100}%` }} />
      </span>
      <span className="num">{duration(latency)}</span>
    </span>
  );
}

export function Properties({ row }: { row: CallRow }) {
  const properties = Object.entries(propertiesOf(row));
  if (!properties.length && row["cached"] !== true && Number(row["attempt_count"] ?? 1) <= 1) return absent;
  return (
    <span className={styles["tags"]} title={properties.map(([name, value]) => `${name}: ${value}`).join("\n")}>
      {row["cached"] === true && (
        <FilterLink column="cached" value={true}>
          <Tag tone="ok">cached</Tag>
        </FilterLink>
      )}
      {Number(row["attempt_count"]) > 1 && (
        <FilterLink column="attempt_count" value={Number(row["attempt_count"])}>
          <Tag tone="warn">{String(row["attempt_count"])} attempts</Tag>
        </FilterLink>
      )}
      {properties.map(([name, value]) => (
        <FilterLink key={name} column={`property.${name.toLowerCase()}`} value={value}>
          <Tag>{value}</Tag>
        </FilterLink>
      ))}
    </span>
  );
}

export function Feedback({ row }: { row: CallRow }) {
  const value = textOf(row, "feedback");
  if (!value) return absent;
  const tone = value === "good" || Number(value) > 0 ? "ok" : value === "bad" || Number(value) < 0 ? "bad" : undefined;
  return (
    <FilterLink column="feedback" value={value}>
      <Tag {...(tone ? { tone } : {})}>{value}</Tag>
    </FilterLink>
  );
}

export function Score({ row, column }: { row: CallRow; column: string }) {
  const value = row[column];
  if (value === null || value === undefined || value === "") return absent;
  const number = Number(value);
  return (
    <FilterLink column={column} value={String(value)}>
      {typeof value !== "boolean" && Number.isFinite(number) ? String(Math.round(number * 1000) / 1000) : String(value)}
    </FilterLink>
  );
}
