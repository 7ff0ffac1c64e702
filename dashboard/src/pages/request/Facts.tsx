import type { ReactNode } from "react";
import type { Event } from "@/api/requests";
import { FilterLink, Tag, Time } from "@/components/Bits";
import { Panel } from "@/components/Page";
import styles from "./Facts.module.css";

/** Who sent the call, its properties, and what the gateway decided. */
export function Facts({ call }: { call: Event }) {
  const facts = Object.entries(call.facts as Record<string, unknown>);
  return (
    <>
      {call.error !== "" || call.error_message !== "" ? (
        <Panel title="Error">
          <p className={styles["error"]}>
            <strong>{call.error || call.outcome}</strong>
            {call.error_message && <span>{call.error_message}</span>}
          </p>
        </Panel>
      ) : null}
      <Panel title="Call">
        <List
          rows={[
            ["start", <Time key="start" at={call.start} />],
            ["user", value("user", call.user_id)],
            ["session", value("session", call.session_id)],
            ["path in session", call.session_path],
            ["prompt", call.prompt_id && `${call.prompt_id}${call.prompt_version ? `, version ${call.prompt_version}` : ""}`],
            ["operation", value("operation", call.operation)],
            ["finish reason", value("finish_reason", call.finish_reason)],
            ["ended early by", value("cut", call.cut)],
            ["key", value("key", call.key)],
            ["host", call.host],
            ["client", [call.client_ip, call.user_agent].filter(Boolean).join(" ")],
            ["trace", value("trace", call.trace_id)],
            ["could not be read", call.reading_error],
          ]}
        />
      </Panel>
      {Object.keys(call.properties).length > 0 && (
        <Panel title="Properties">
          <List rows={Object.entries(call.properties).map(([name, text]) => [call.property_names[name] ?? name, value(`property.${name}`, text)])} />
        </Panel>
      )}
      {facts.length > 0 && (
        <Panel title="Decisions" sub="cache, limits, retries, prompt">
          <List rows={facts.map(([name, fact]) => [name, typeof fact === "object" ? JSON.stringify(fact) : String(fact)])} />
        </Panel>
      )}
      {Object.keys(call.unknown_directives).length > 0 && (
        <Panel title="Headers not known">
          {Object.keys(call.unknown_directives).map((name) => (
            <Tag key={name}>{name}</Tag>
          ))}
        </Panel>
      )}
    </>
  );
}

/** A value that leads to the list of calls that share it. */
function value(column: string, text: string): ReactNode {
  return text ? <FilterLink column={column} value={text} to="/requests" /> : "";
}

function List({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className={styles["list"]}>
      {rows
        .filter(([, shown]) => shown !== "" && shown != null)
        .map(([name, shown]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{shown}</dd>
          </div>
        ))}
    </dl>
  );
}
