import { ApiError, csrfHeaders, problemOf } from "@/api/client";
import type { Dialect } from "@/chat/convert";
import type { Json } from "@/chat/json";
import { addEvent, emptyAnswer, errorText, eventReader, wholeAnswer, type Answer } from "@/chat/stream";

export interface Run {
  provider: string;
  model: string;
  phase: "waiting" | "streaming" | "done" | "stopped" | "failed";
  answer: Answer;
  /** Its id in the log; empty until the gateway has answered. */
  id: string;
  /** What went wrong: the provider's own words, or ours. */
  error: { title: string; detail: string; status: number } | null;
  /** Milliseconds from the start, as this page saw them. */
  firstMs: number | null;
  endMs: number | null;
  /** `performance.now()` at its start. */
  startedAt: number;
}

export interface Asked {
  provider: string;
  dialect: Dialect;
  body: Json;
  /** Typed key of the provider; empty: the stored credential. */
  key: string;
}

export function newRun(provider: string, model: string): Run {
  return { provider, model, phase: "waiting", answer: emptyAnswer(), id: "", error: null, firstMs: null, endMs: null, startedAt: performance.now() };
}

export function failedRun(provider: string, model: string, title: string, detail: string): Run {
  return { ...newRun(provider, model), phase: "failed", error: { title, detail, status: 0 }, endMs: 0 };
}

/** Sends one call through the gateway and tells what comes, as it comes. Never throws: what goes wrong is in the run. */
export async function sendCall(run: Run, asked: Asked, signal: AbortSignal, onChange: (run: Run) => void): Promise<void> {
  const set = (part: Partial<Run>) => {
    Object.assign(run, part);
    onChange(run);
  };
  const passed = () => performance.now() - run.startedAt;
  try {
    const answer = await fetch("/api/playground", {
      method: "POST",
      signal,
      headers: { "Content-Type": "application/json", ...csrfHeaders() },
      body: JSON.stringify({ provider: asked.provider, key: asked.key, body: { stream: true, ...asked.body } }),
    });
    if (answer.headers.get("perihelion-relayed") !== "true") throw await problemOf(answer);
    set({ id: answer.headers.get("helicone-id") ?? "" });
    if (!answer.ok) {
      const text = await answer.text();
      set({ phase: "failed", endMs: passed(), error: { title: `${asked.provider} answered ${answer.status}`, detail: errorText(parsed(text)) || "It gave no reason.", status: answer.status } });
      return;
    }
    if (!answer.headers.get("content-type")?.includes("event-stream")) {
      const whole = wholeAnswer(parsed(await answer.text()), asked.dialect);
      set({ answer: whole, firstMs: passed() });
    } else await readStream(run, answer, asked.dialect, passed, set);
    finish(run, passed, set, asked.provider);
  } catch (error) {
    if (signal.aborted) set({ phase: "stopped", endMs: passed() });
    else if (error instanceof ApiError) set({ phase: "failed", endMs: passed(), error: { title: error.title, detail: error.detail, status: error.status } });
    else if (run.id) set({ phase: "failed", endMs: passed(), error: BROKEN });
    else set({ phase: "failed", endMs: passed(), error: { title: "The control plane does not answer", detail: "It may be restarting. Run again in a moment.", status: 0 } });
  }
}

const BROKEN = { title: "The stream broke off", detail: "The connection ended before the answer did. What came until then is above.", status: 0 };

async function readStream(run: Run, answer: Response, dialect: Dialect, passed: () => number, set: (part: Partial<Run>) => void): Promise<void> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let seen = false;
  const events = eventReader((data) => {
    seen = addEvent(run.answer, data, dialect) || seen;
  });
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    events.push(piece.value);
    set({ ...(seen && run.firstMs === null ? { firstMs: passed() } : {}), phase: seen ? "streaming" : run.phase });
  }
  events.push("\n");
}

function finish(run: Run, passed: () => number, set: (part: Partial<Run>) => void, provider: string): void {
  const { error, complete } = run.answer;
  if (error) set({ phase: "failed", endMs: passed(), error: { title: `${provider} broke off with an error`, detail: error, status: 0 } });
  else if (!complete) set({ phase: "failed", endMs: passed(), error: BROKEN });
  else set({ phase: "done", endMs: passed() });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 2_000);
  }
}
