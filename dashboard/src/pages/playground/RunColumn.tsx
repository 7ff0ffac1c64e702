import { ActionIcon, Autocomplete, Button, NativeSelect } from "@mantine/core";
import { useEffect, useState } from "react";
import type { Provider } from "@/api/playground";
import { Copy } from "@/components/Bits";
import { Icon } from "@/components/Icon";
import { Panel } from "@/components/Page";
import { AnswerView } from "./AnswerView";
import type { ModelChoice } from "./columns";
import styles from "./Playground.module.css";
import type { Run } from "./run";
import { RunFigures } from "./RunFigures";

interface Props {
  at: number;
  choice: ModelChoice;
  providers: Provider[];
  models: string[];
  /** Where the key of this provider comes from. */
  keyFrom: "typed" | "stored" | "none";
  runs: Run[];
  isRunning: boolean;
  onChange: (choice: ModelChoice) => void;
  onRun: () => void;
  onStop: () => void;
  onRemove?: (() => void) | undefined;
  onKeys: () => void;
  onContinue: (run: Run) => void;
}

const KEYS = { typed: "typed key", stored: "stored key", none: "Add a key" };

/** Whether the call left this page: a request that is not complete is not sent, and took nothing. */
function wasSent(run: Run): boolean {
  return run.phase !== "failed" || run.endMs !== 0;
}

/** One model: which, its answer, and what that took. */
export function RunColumn(props: Props) {
  const { choice, providers, models, runs, isRunning, onChange } = props;
  const [shown, setShown] = useState(-1);
  useEffect(() => setShown(-1), [runs.length]);
  const at = shown < 0 ? runs.length - 1 : Math.min(shown, runs.length - 1);
  const run = runs[at];
  const name = `Model ${props.at + 1}`;
  return (
    <Panel flush className={styles["column"]}>
      <div className={styles["choice"]} role="group" aria-label={name}>
        <NativeSelect
          aria-label={`Provider of model ${props.at + 1}`}
          data={[...(providers.some((each) => each.name === choice.provider) ? [] : [{ value: choice.provider, label: choice.provider }]), ...providers.map((each) => ({ value: each.name, label: each.display }))]}
          value={choice.provider}
          onChange={(event) => onChange({ provider: event.currentTarget.value, model: choice.model })}
        />
        <Autocomplete size="xs" aria-label={name} placeholder="model" data={[...new Set(models)]} limit={30} value={choice.model} onChange={(model) => onChange({ ...choice, model })} spellCheck={false} />
        {props.onRemove && (
          <ActionIcon aria-label={`Remove model ${props.at + 1}`} title="Remove this model" onClick={props.onRemove}>
            <Icon name="close" size={13} />
          </ActionIcon>
        )}
      </div>
      <div className={styles["choice"]}>
        <button type="button" className={styles["key"]} data-none={props.keyFrom === "none" || undefined} onClick={props.onKeys}>
          {KEYS[props.keyFrom]}
        </button>
        {isRunning ? (
          <Button size="compact-xs" ml="auto" onClick={props.onStop} aria-label={`Stop model ${props.at + 1}`}>
            Stop
          </Button>
        ) : (
          <Button size="compact-xs" ml="auto" onClick={props.onRun} aria-label={`Run model ${props.at + 1}`}>
            Run
          </Button>
        )}
      </div>
      <div className={styles["body"]}>
        {!run && (
          <p className={styles["waiting"]}>
            <span>The answer stands here.</span> <kbd>Ctrl Enter</kbd> runs it.
          </p>
        )}
        {run && <AnswerView answer={run.answer} isRunning={run.phase === "waiting" || run.phase === "streaming"} />}
        {run?.error && (
          <div className={styles["error"]} role="alert">
            <strong>{run.error.title}</strong>
            <p>{run.error.detail}</p>
          </div>
        )}
        {run?.phase === "stopped" && <p className={styles["hint"]}>Stopped. The provider may bill what it had written until then.</p>}
      </div>
      {run && (wasSent(run) || runs.length > 1) && (
        <footer className={styles["foot"]}>
          {wasSent(run) && <RunFigures key={run.startedAt} run={run} />}
          <div className={styles["after"]}>
            {runs.length > 1 && (
              <span className={styles["pager"]}>
                <ActionIcon aria-label="The run before" disabled={at === 0} onClick={() => setShown(at - 1)}>
                  <Icon name="left" size={13} />
                </ActionIcon>
                run {at + 1} of {runs.length}
                <ActionIcon aria-label="The run after" disabled={at === runs.length - 1} onClick={() => setShown(at + 1)}>
                  <Icon name="right" size={13} />
                </ActionIcon>
              </span>
            )}
            {(run.model !== choice.model || run.provider !== choice.provider) && <span className="dim">by {run.model}</span>}
            {run.answer.stop && !["stop", "end_turn", "tool_calls", "tool_use"].includes(run.answer.stop) && <span className={styles["cut"]}>ended by {run.answer.stop}</span>}
            <span className={styles["right"]}>
              {run.phase === "done" && (run.answer.text || run.answer.tools.length > 0) && (
                <Button size="compact-xs" variant="subtle" color="gray" onClick={() => props.onContinue(run)}>
                  Add to messages
                </Button>
              )}
              {run.answer.text && <Copy text={run.answer.text} label="Copy the answer" />}
            </span>
          </div>
        </footer>
      )}
    </Panel>
  );
}
