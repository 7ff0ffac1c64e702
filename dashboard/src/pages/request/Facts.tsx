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
            ["start", <Time key="start" at={call.start} />],
            ["user", value("user", call.user_id)],
            ["prompt", call.prompt_id && <PromptLink key="prompt" call={call} />],
            ["provider", value("provider", call.provider)],
            ["model asked", call.model_asked !== call.model ? value("model_asked", call.model_asked) : ""],
            ["operation", value("operation", call.operation)],
            ["finish reason", value("finish_reason", call.finish_reason)],
            ["tools", call.tool_names.length > 0 && call.tool_names.map((name) => <div key={name}>{value("tool", name)}</div>)],
            ["key", value("key", call.key)],
            ["came by", value("source", call.source)],
            ["client", [call.client_ip, visible(call.user_agent)].filter(Boolean).join(" ")],
            ["trace", value("trace", call.trace_id)],
            ["response id", call.response_id && <span className="mono">{visible(call.response_id)}</span>],
            ["worker", call.worker],
            ["could not be read", call.reading_error && visible(call.reading_error)],
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
          ["input", shown(call.input_tokens)],
          ["of it read from the cache", shown(call.cached_input_tokens)],
          ["of it written to the cache", shown(call.cache_write_tokens)],
          ["output", shown(call.output_tokens)],
          ["of it reasoning", shown(call.reasoning_tokens)],
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
