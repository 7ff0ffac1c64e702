import { Markdown, looksLikeMarkdown } from "@/components/Markdown";
import type { Answer } from "@/chat/stream";
import { count } from "@/format/numbers";
import styles from "./Playground.module.css";

const MAX_MARKDOWN = 20_000;

/** What a model answered: reasoning folded, text, tool calls with their arguments. */
export function AnswerView({ answer, isRunning }: { answer: Answer; isRunning: boolean }) {
  const asMarkdown = !isRunning && answer.text.length <= MAX_MARKDOWN && looksLikeMarkdown(answer.text);
  return (
    <div className={styles["answer"]} aria-live="polite" aria-busy={isRunning}>
      {answer.reasoning && (
        <details className={styles["reasoning"]} open={isRunning && !answer.text}>
          <summary>Reasoning, {count(answer.reasoning.length)} characters</summary>
          <p>{answer.reasoning}</p>
        </details>
      )}
      {answer.text && (asMarkdown ? <Markdown text={answer.text} /> : <p className={styles["text"]}>{answer.text}</p>)}
      {answer.tools.filter(Boolean).map((tool, index) => (
        <section key={index} className={styles["tool"]} aria-label={`Tool ${tool.name}`}>
          <header>
            <strong>{tool.name || "tool"}</strong> <span className="dim">{tool.id}</span>
          </header>
          <pre>{isRunning ? tool.input : indented(tool.input)}</pre>
        </section>
      ))}
      {isRunning && <span className={styles["caret"]} aria-hidden="true" />}
    </div>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
