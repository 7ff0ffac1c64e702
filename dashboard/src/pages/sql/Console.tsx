import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { SavedDocument } from "@/api/documents";
import { ApiError } from "@/api/client";
import { useSqlRun, useSqlSchema } from "@/api/sql";
import { CodeEditor, type EditorHandle } from "@/components/CodeEditor";
import { PageTop } from "@/components/Page";
import { useScope } from "@/state/search";
import { readChart } from "./chartOf";
import { dialect } from "./dialect";
import { placeOf, shortWords } from "./errorPlace";
import { readHistory, withPast, writeHistory } from "./memory";
import { ResultPane } from "./ResultPane";
import { RunBar } from "./RunBar";
import { SidePane } from "./SidePane";
import { Title } from "./Title";
import { useText } from "./useText";
import styles from "./Console.module.css";

/** Longer texts are not put into the URL: save them to share them. */
const LONGEST_LINK = 1500;

export default function Console({ org, saved }: { org: string; saved: SavedDocument | null }) {
  const [scope, setScope] = useScope();
  const linked = typeof scope["sql"] === "string" ? scope["sql"] : "";
  const schema = useSqlSchema();
  const { run, start, stop } = useSqlRun();
  const words = useText(org, saved, linked);
  const { text, change, linkedTo } = words;
  const [history, setHistory] = useState(() => readHistory(org));
  const [chart, setChart] = useState(() => readChart(saved?.content?.["chart"]));
  const editor = useRef<EditorHandle>(null);
  const lastRun = useRef<string | null>(null);
  const language = useMemo(() => dialect(schema.data?.views ?? []), [schema.data]);

  const runText = useCallback(
    async (sql: string) => {
      if (!sql.trim()) return;
      lastRun.current = sql;
      const isSaved = saved && sql === saved.content?.["sql"];
      const link = isSaved || sql.length > LONGEST_LINK ? "" : sql;
      linkedTo(link);
      setScope({ sql: link }, link === linked);
      const ended = await start(sql);
      if (ended.state === "stopped") return;
      setHistory((before) => {
        const next = withPast(before, { sql, at: ended.startedAt, rows: ended.result?.row_count ?? null, ms: ended.result?.elapsed_ms ?? null });
        writeHistory(org, next);
        return next;
      });
    },
    [start, linkedTo, setScope, saved, linked, org],
  );

  // A link runs what it names, and so do back and forward. What is only a draft waits for Ctrl-Enter.
  useEffect(() => {
    if (lastRun.current === null ? (linked || saved) && !words.isDraft : linked && linked !== lastRun.current) {
      const sql = linked || text;
      change(sql);
      void runText(sql);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [linked]);

  const problem = run.state === "failed" && run.error instanceof ApiError ? run.error : null;
  const faults = useMemo(() => {
    const place = problem ? placeOf(run.sql, problem.detail) : null;
    return place && run.sql === text ? [{ ...place, message: shortWords(problem!.detail) }] : [];
    // only with the answer: the editor drops the mark itself when its text changes
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [problem, run.sql]);

  return (
    <div className={styles["page"]}>
      <PageTop title="SQL" beside={<Title saved={saved} changed={words.changed} />}>
        <RunBar
          running={run.state === "running"}
          startedAt={run.startedAt}
          onRun={() => void runText(text)}
          onStop={stop}
          saved={saved}
          text={text}
          changed={words.changed}
          chart={chart}
          revision={words.revision}
          onForget={() => change(typeof saved?.content?.["sql"] === "string" ? saved.content["sql"] : "")}
        />
      </PageTop>
      <div className={styles["columns"]}>
        <SidePane
          schema={schema}
          history={history}
          onInsert={(name) => editor.current?.insert(name)}
          onText={(sql) => {
            change(sql);
            editor.current?.focus();
          }}
          onForget={() => {
            setHistory([]);
            writeHistory(org, []);
          }}
          current={saved?.id ?? ""}
        />
        <div className={styles["main"]}>
          <section className={styles["editor"]} aria-label="Query">
            <CodeEditor
              ref={editor}
              value={text}
              onChange={change}
              extensions={language}
              label="SQL"
              placeholder="SELECT … FROM requests"
              onRun={() => void runText(text)}
              faults={faults}
            />
          </section>
          <ResultPane run={run} chart={chart} onChart={setChart} onExample={(sql) => { change(sql); void runText(sql); }} name={saved?.name ?? ""} />
        </div>
      </div>
    </div>
  );
}
