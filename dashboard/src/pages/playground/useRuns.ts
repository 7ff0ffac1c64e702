import { useCallback, useEffect, useRef, useState } from "react";
import { newRun, sendCall, type Asked, type Run } from "./run";

/** The runs of each column, by its number, while the page is open; the newest last. */
export function useRuns() {
  const [runs, setRuns] = useState<Record<number, Run[]>>({});
  const controllers = useRef(new Map<number, AbortController>());
  const waiting = useRef(new Map<number, Run>());
  const frame = useRef(0);

  const draw = useCallback(() => {
    frame.current = 0;
    const changed = new Map(waiting.current);
    waiting.current.clear();
    setRuns((before) => {
      const next = { ...before };
      for (const [column, run] of changed) next[column] = [...(next[column] ?? []).slice(0, -1), { ...run, answer: { ...run.answer, tools: [...run.answer.tools] } }];
      return next;
    });
  }, []);
  const changed = useCallback(
    (column: number, run: Run) => {
      waiting.current.set(column, run);
      if (!frame.current) frame.current = requestAnimationFrame(draw);
    },
    [draw],
  );

  const stop = useCallback((column: number) => controllers.current.get(column)?.abort(), []);
  const show = useCallback((column: number, run: Run) => setRuns((before) => ({ ...before, [column]: [...(before[column] ?? []), run] })), []);
  const start = useCallback(
    (column: number, asked: Asked, model: string) => {
      const before = controllers.current.get(column);
      const controller = new AbortController();
      controllers.current.set(column, controller);
      before?.abort();
      const run = newRun(asked.provider, model);
      show(column, run);
      let left = false;
      controller.signal.addEventListener("abort", () => (left = controllers.current.get(column) !== controller));
      void sendCall({ ...run }, asked, controller.signal, (next) => {
        if (!left) changed(column, next);
      });
    },
    [changed, show],
  );
  const remove = useCallback((column: number) => {
    const controller = controllers.current.get(column);
    controllers.current.delete(column);
    controller?.abort();
    setRuns((before) => Object.fromEntries(Object.entries(before).filter(([id]) => Number(id) !== column)));
  }, []);
  useEffect(() => {
    const all = controllers.current;
    return () => {
      cancelAnimationFrame(frame.current);
      frame.current = 0;
      for (const controller of all.values()) controller.abort();
    };
  }, []);
  const isRunning = (column: number) => ["waiting", "streaming"].includes(runs[column]?.at(-1)?.phase ?? "");
  return { runs, start, stop, show, remove, isRunning };
}
