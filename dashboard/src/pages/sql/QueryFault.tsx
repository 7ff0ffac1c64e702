import { ApiError } from "@/api/client";
import { lineOf, placeOf, shortWords } from "./errorPlace";
import styles from "./ResultPane.module.css";

const ADVICE: Record<string, string> = {
  seconds: "Put a condition on start, name fewer columns, or group before you join.",
  result_rows: "Add LIMIT, or download the result: a file has all rows.",
  rows_read: "Put a condition on start.",
  memory: "Name fewer columns, put a condition on start, or group by fewer values.",
};

/** Why a query has no result: the engine's words, its place, and what to do. */
export function QueryFault({ sql, error }: { sql: string; error: unknown }) {
  const problem = error instanceof ApiError ? error : null;
  const detail = problem?.detail || (error instanceof Error ? error.message : String(error));
  const place = placeOf(sql, detail);
  const at = place && lineOf(sql, place.from);
  const line = at ? (sql.split("\n")[at.line - 1] ?? "") : "";
  const advice = problem && Object.hasOwn(ADVICE, problem.parameter) ? ADVICE[problem.parameter] : "";
  return (
    <section className={styles["result"]} role="alert">
      <div className={styles["fault"]}>
        <strong>
          {problem?.title ?? "The query failed"}
          {at && <span className="dim"> line {at.line}, column {at.column}</span>}
        </strong>
        <p>{shortWords(detail)}</p>
        {at && place && (
          <pre>
            {line.slice(0, at.column - 1)}
            <mark>{line.slice(at.column - 1, at.column - 1 + Math.max(1, place.to - place.from)) || " "}</mark>
            {line.slice(at.column - 1 + Math.max(1, place.to - place.from))}
          </pre>
        )}
        {advice && <p>{advice}</p>}
      </div>
    </section>
  );
}
