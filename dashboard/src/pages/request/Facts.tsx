import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Event } from "@/api/requests";
import { FilterLink, Tag, Time } from "@/components/Bits";
import { Panel } from "@/components/Page";
import { count } from "@/format/numbers";
import { useScope, writeScope } from "@/state/search";
import styles from "./Facts.module.css";
import { visible } from "./visible";

/** What went wrong, above all else. */
export function ErrorPanel({ call }: { call: Event }) {
  if (!call.error && !call.error_message && call.outcome === "success") return null;
  return (
    <div className={styles["error"]} role="alert">
      <strong>{call.error ? <FilterLink column="error" value={call.error} to="/requests" /> : call.outcome.replaceAll("_", " ")}</strong>
      {call.error_message && <span>{visible(call.error_message)}</span>}
      <span className={styles["where"]}>{whereFailed(call)}</span>
    </div>
  );
}

function whereFailed(call: Event): string {
  if (call.outcome === "response_error") return `The status was ${call.status}, and the response said that it failed.`;
  if (call.outcome !== "success") return `It failed in the gateway, in the step “${call.outcome.replaceAll("_", " ")}”.`;
  return call.status >= 400 ? `The provider answered ${call.status}.` : "";
}

/** Who sent the call, and what is known of it. Every value leads to the calls that share it. */
export function Facts({ call }: { call: Event }) {
  return (
    <>
      <Panel title="Call">
        <List
          rows={[
            ["Start", <Time key="start" at={call.start} />],
            ["User", value("user", call.user_id)],
            ["Prompt", call.prompt_id && <PromptLink key="prompt" call={call} />],
            ["Provider", value("provider", call.provider)],
            ["Model asked", call.model_asked !== call.model ? value("model_asked", call.model_asked) : ""],
            ["Operation", value("operation", call.operation)],
            ["Finish reason", value("finish_reason", call.finish_reason)],
            ["Tools", call.tool_names.length > 0 && call.tool_names.map((name) => <div key={name}>{value("tool", name)}</div>)],
            ["Key", value("key", call.key)],
            ["Came by", value("source", call.source)],
            ["Client", [call.client_ip, visible(call.user_agent)].filter(Boolean).join(" ")],
            ["Trace", value("trace", call.trace_id)],
            ["Response id", call.response_id && <span className="mono">{visible(call.response_id)}</span>],
            ["Worker", call.worker],
            ["Could not be read", call.reading_error && visible(call.reading_error)],
          ]}
        />
      </Panel>
      <Tokens call={call} />
      {Object.keys(call.unknown_directives).length > 0 && (
        <Panel title="Headers not known" sub="ignored">
          {Object.keys(call.unknown_directives).map((name) => (
            <Tag key={name}>{visible(name)}</Tag>
          ))}
        </Panel>
      )}
    </>
  );
}

function Tokens({ call }: { call: Event }) {
  if (call.input_tokens == null && call.output_tokens == null) return null;
  const shown = (tokens: number | null) => (tokens == null ? "" : <span className="num">{count(tokens)}</span>);
  return (
    <Panel title="Tokens" sub={call.usage_source === "drained" ? "read after the caller left" : call.usage_source === "counted" ? "counted, not used" : "as the provider reported"}>
      <List
        rows={[
          ["Input", shown(call.input_tokens)],
          ["Of it read from the cache", shown(call.cached_input_tokens)],
          ["Of it written to the cache", shown(call.cache_write_tokens)],
          ["Output", shown(call.output_tokens)],
          ["Of it reasoning", shown(call.reasoning_tokens)],
        ]}
      />
    </Panel>
  );
}

function PromptLink({ call }: { call: Event }) {
  const [scope] = useScope();
  return (
    <>
      <Link to={"/prompts/$id" as string} params={{ id: call.prompt_id } as never} search={writeScope({ zone: scope.zone }) as never}>
        {visible(call.prompt_id)}
      </Link>
      {call.prompt_version && `, version ${call.prompt_version}`}
    </>
  );
}

/** A value that leads to the list of calls that share it. */
export function value(column: string, text: string): ReactNode {
  return text ? <FilterLink column={column} value={text} to="/requests">{visible(text)}</FilterLink> : "";
}

export function List({ rows }: { rows: [ReactNode, ReactNode][] }) {
  return (
    <dl className={styles["list"]}>
      {rows
        .filter(([, shown]) => shown !== "" && shown != null && shown !== false)
        .map(([name, shown], index) => (
          <div key={index}>
            <dt>{name}</dt>
            <dd>{shown}</dd>
          </div>
        ))}
    </dl>
  );
}
