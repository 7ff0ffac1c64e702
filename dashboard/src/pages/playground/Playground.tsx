import { Button, Switch } from "@mantine/core";
import { useMemo, useState } from "react";
import { ApiError } from "@/api/client";
import { useKnownModels, type Provider } from "@/api/playground";
import type { Dialect } from "@/chat/convert";
import { bodyOf, newMessage, type Draft } from "@/chat/draft";
import { indent, type Json } from "@/chat/json";
import { MessageList } from "@/chat/MessageList";
import { Parameters } from "@/chat/Parameters";
import { useFilled } from "@/chat/useFilled";
import type { Typed } from "@/chat/variables";
import { VariablesForm } from "@/chat/VariablesForm";
import { Icon } from "@/components/Icon";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { useScope } from "@/state/search";
import { firstChoice, MOST_COLUMNS, nextChoice, readChoices, writeChoices, type ModelChoice } from "./columns";
import { KeysDialog } from "./KeysDialog";
import styles from "./Playground.module.css";
import { bodyFor } from "./request";
import { failedRun, type Run } from "./run";
import { RunColumn } from "./RunColumn";
import { SavePrompt } from "./SavePrompt";
import { StartedFrom } from "./StartedFrom";
import { useRuns } from "./useRuns";

export interface Start {
  kind: "blank" | "call" | "prompt";
  /** Of the call or the prompt. */
  id: string;
  version: number;
  draft: Draft;
  variables: Json[];
  typed: Typed;
  provider: string;
  model: string;
}

const NOTHING: Json = {};

/** The request on the left, up to three models with their answers on the right. */
export function Playground({ start, providers }: { start: Start; providers: Provider[] }) {
  const [scope, setScope] = useScope();
  const known = useKnownModels();
  const [draft, setDraft] = useState(start.draft);
  const [typed, setTyped] = useState(start.typed);
  const [isTemplate, setTemplate] = useState(start.kind !== "call");
  const [keys, setKeys] = useState<Record<string, string>>({});
  const [dialog, setDialog] = useState<"keys" | "save" | null>(null);
  const [columns, setColumns] = useState(() => {
    const choices = readChoices(scope["models"]);
    return (choices.length ? choices : [firstChoice(start, providers)]).map((choice, id) => ({ ...choice, id }));
  });
  const { runs, start: send, stop, show, remove, isRunning } = useRuns();
  const { body, faults } = useMemo(() => bodyOf(draft), [draft]);
  const hasPlaceholders = useMemo(() => indent(body).includes("{{"), [body]);
  const filled = useFilled(isTemplate && hasPlaceholders ? body : NOTHING, start.variables, typed);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));

  const setChoices = (next: (ModelChoice & { id: number })[]) => {
    setColumns(next);
    setScope({ models: writeChoices(next) }, true);
  };
  const run = async (at: number) => {
    const { id, provider, model } = columns[at]!;
    const dialect = (providers.find((each) => each.name === provider)?.dialect ?? "openai") as Dialect;
    try {
      if (!model.trim()) throw new ApiError(0, "No model is named", "Write the model's name, as its provider knows it.");
      const template = isTemplate ? { declared: start.variables, variables: filled.variables, typed } : null;
      send(id, { provider, dialect, key: keys[provider] ?? "", body: await bodyFor(draft, model.trim(), dialect, template) }, model.trim());
    } catch (error) {
      const problem = error instanceof ApiError ? error : new ApiError(0, "The call could not be made", String(error));
      show(id, failedRun(provider, model, problem.title, problem.detail));
    }
  };
  const runAll = () => columns.forEach((_, at) => void run(at));
  const anyRunning = columns.some((column) => isRunning(column.id));
  const continueWith = ({ answer }: Run) => {
    const said = { ...newMessage("assistant", answer.text), ...(answer.tools.length ? { nullable: true, extra: indent({ tool_calls: answer.tools.map((tool) => ({ id: tool.id, type: "function", function: { name: tool.name, arguments: tool.input || "{}" } })) }) } : {}) };
    const results = answer.tools.map((tool) => ({ ...newMessage("tool"), extra: indent({ tool_call_id: tool.id }) }));
    change({ messages: [...draft.messages, ...(draft.dialect === "anthropic" && answer.tools.length ? anthropicTurn(answer) : [said, ...(results.length ? results : [newMessage("user")])])] });
  };

  return (
    <div
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        runAll();
      }}
    >
      <PageTop title="Playground" beside={<StartedFrom start={start} />}>
        <Button onClick={() => setDialog("keys")}>Keys</Button>
        <Button onClick={() => setDialog("save")} aria-label="Save as prompt">
          Save<span className="on-wide">&nbsp;as prompt</span>
        </Button>
        {columns.length < MOST_COLUMNS && (
          <Button leftSection={<Icon name="plus" size={13} />} onClick={() => setChoices([...columns, { ...nextChoice(columns, providers, known), id: Math.max(...columns.map((column) => column.id)) + 1 }])}>
            Compare
          </Button>
        )}
        {anyRunning ? (
          <Button variant="filled" onClick={() => columns.forEach((column) => stop(column.id))}>
            Stop
          </Button>
        ) : (
          <Button variant="filled" leftSection={<Icon name="play" size={13} />} title="Ctrl Enter" onClick={runAll}>
            Run
          </Button>
        )}
      </PageTop>
      <PageBody>
        <div className={styles["page"]}>
          <div className={styles["editor"]}>
            <Panel title="Messages" sub={isTemplate ? "{{name}} is a variable" : ""} flush>
              <div className={styles["messages"]}>
                <MessageList draft={draft} faults={faults} onChange={(messages) => change({ messages })} onRun={runAll} />
              </div>
            </Panel>
            {hasPlaceholders && (
              <Panel title="Variables" actions={<Switch size="xs" label="Fill in" checked={isTemplate} onChange={(event) => setTemplate(event.currentTarget.checked)} />}>
                {!isTemplate ? (
                  <p className={styles["hint"]}>Double braces are sent as they stand.</p>
                ) : filled.problem ? (
                  <p className={styles["problem"]} role="alert">
                    {filled.problem}
                  </p>
                ) : (
                  <VariablesForm variables={filled.variables} typed={typed} onTyped={setTyped} missing={filled.missing} />
                )}
              </Panel>
            )}
            <Panel title="Parameters" sub={draft.dialect === "anthropic" ? "in Anthropic's format" : "in OpenAI's format"}>
              <Parameters draft={draft} faults={faults} onChange={change} onRun={runAll} />
            </Panel>
          </div>
          <div className={styles["columns"]} data-count={columns.length}>
            {columns.map((column, at) => (
              <RunColumn
                key={column.id}
                at={at}
                choice={column}
                providers={providers}
                models={known.get(column.provider) ?? []}
                keyFrom={keys[column.provider] ? "typed" : providers.find((each) => each.name === column.provider)?.has_credential ? "stored" : "none"}
                runs={runs[column.id] ?? []}
                isRunning={isRunning(column.id)}
                onChange={(choice) => setChoices(columns.map((each) => (each.id === column.id ? { ...choice, id: each.id } : each)))}
                onRun={() => void run(at)}
                onStop={() => stop(column.id)}
                onRemove={
                  columns.length > 1
                    ? () => {
                        remove(column.id);
                        setChoices(columns.filter((each) => each.id !== column.id));
                      }
                    : undefined
                }
                onKeys={() => setDialog("keys")}
                onContinue={continueWith}
              />
            ))}
          </div>
        </div>
      </PageBody>
      {dialog === "keys" && <KeysDialog providers={providers.filter((each) => columns.some((column) => column.provider === each.name))} keys={keys} onChange={setKeys} onClose={() => setDialog(null)} />}
      {dialog === "save" && <SavePrompt start={start} draft={draft} typed={typed} model={columns[0]!.model} onClose={() => setDialog(null)} />}
    </div>
  );
}

function anthropicTurn(answer: Run["answer"]) {
  const uses = answer.tools.map((tool) => ({ type: "tool_use", id: tool.id, name: tool.name, input: JSON.parse(tool.input || "{}") as unknown }));
  const content = [...(answer.text ? [{ type: "text", text: answer.text }] : []), ...uses];
  const results = answer.tools.map((tool) => ({ type: "tool_result", tool_use_id: tool.id, content: "" }));
  return [
    { ...newMessage("assistant"), parts: indent(content) },
    { ...newMessage("user"), parts: indent(results) },
  ];
}
