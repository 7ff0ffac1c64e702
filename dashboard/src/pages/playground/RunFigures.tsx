import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useLoggedCall } from "@/api/playground";
import { ABSENT, count, duration, money } from "@/format/numbers";
import type { Run } from "./run";
import styles from "./Playground.module.css";

/** Times, tokens and cost of a run: this page's own times while it goes, the log's figures once they are there. */
export function RunFigures({ run }: { run: Run }) {
  const isRunning = run.phase === "waiting" || run.phase === "streaming";
  const logged = useLoggedCall(isRunning ? "" : run.id);
  const call = logged.data;
  const passed = useClock(isRunning, run.startedAt);
  const output = call?.output_tokens ?? run.answer.outputTokens;
  const input = call?.input_tokens ?? run.answer.inputTokens;
  const first = call?.ttft_ms ?? run.firstMs;
  const total = call?.latency_ms ?? run.endMs ?? passed;
  const speed = output && first != null && total - first > 1 ? output / ((total - first) / 1000) : null;
  const pending = !isRunning && run.id !== "" && !call;
  return (
    <div className={styles["figures"]}>
      <dl>
        <Item name="First token" value={duration(first)} />
        <Item name="Time" value={duration(total)} />
        <Item name="Tokens" value={input == null && output == null ? (pending ? "…" : ABSENT) : `${count(input)} → ${count(output)}`} />
        <Item name="Tokens/s" value={speed === null ? ABSENT : count(Math.round(speed * 10) / 10)} />
        <Item name="Cost" value={call ? (call.cached ? "$0" : money(call.cost)) : isRunning || pending ? "…" : ABSENT} title={call && call.cost == null ? `Not known: ${call.cost_missing?.join(", ") || "the provider reported no usage"}` : ""} />
      </dl>
      {run.id && !isRunning && (
        <Link to={"/requests/$id" as string} params={{ id: run.id } as never} className={styles["logged"]!}>
          {call ? "Open in the log" : pending ? "On its way to the log …" : "Open in the log"}
        </Link>
      )}
    </div>
  );
}

function Item({ name, value, title = "" }: { name: string; value: string; title?: string }) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}

function useClock(on: boolean, startedAt: number): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(timer);
  }, [on]);
  return Math.max(0, now - startedAt);
}
