import { ActionIcon } from "@mantine/core";
import type { TestAnswer as Answer } from "@/api/channels";
import { ofForm } from "@/api/problems";
import { duration } from "@/format/numbers";
import { Icon } from "./Icon";
import styles from "./TestAnswer.module.css";

/** What came back of a test message, until it is closed. */
export function TestAnswer({ answer, error, onClose }: { answer: Answer | undefined; error: unknown; onClose: () => void }) {
  if (!answer && !error) return null;
  const good = !!answer?.sent;
  return (
    <div className={`${styles["answer"]} ${good ? styles["ok"] : styles["bad"]}`} role="status">
      <Icon name={good ? "check" : "errors"} size={14} />
      <div>
        <strong>{good ? "The test arrived." : answer ? "The test did not arrive." : "The test was not sent."}</strong> {answer ? wordsOf(answer) : ofForm(error)}
        {answer?.error && <pre>{answer.error}</pre>}
      </div>
      <ActionIcon size="sm" aria-label="Close the answer" onClick={onClose}>
        <Icon name="close" size={12} />
      </ActionIcon>
    </div>
  );
}

function wordsOf({ status, latency_ms }: Answer): string {
  return status ? `The receiver answered ${status} after ${duration(latency_ms)}.` : `There was no answer; it was given up after ${duration(latency_ms)}.`;
}
