import { useState } from "react";
import { UnstyledButton } from "@mantine/core";
import { useBodySizes, type Event } from "@/api/requests";
import { Copy } from "@/components/Bits";
import { Icon } from "@/components/Icon";
import { visible } from "../visible";
import { useCallDocuments } from "../worker/CallDocuments";
import type { Part } from "../worker/protocol";
import styles from "./Raw.module.css";

/** The request line or the status, and the headers that the log keeps. */
export function Headers({ part }: { part: Part }) {
  const { call } = useCallDocuments();
  const sizes = useBodySizes(call.id, call.start).data;
  const isResponse = part === "response";
  const type = (isResponse ? sizes?.response?.type : sizes?.request?.type) ?? "";
  const rows = isResponse ? Object.entries({ ...(type ? { "content-type": type } : {}), ...call.response_headers }) : requestRows(call, type);
  const [open, setOpen] = useState(rows.length <= 4);
  const line = isResponse ? `HTTP ${call.status || "–"}` : `${call.method || "POST"} ${call.host ? `https://${call.host}` : ""}${call.path}`;
  return (
    <div className={styles["headers"]}>
      <div className={styles["line"]}>
        <UnstyledButton className={styles["step"]} onClick={() => setOpen((before) => !before)} aria-expanded={open} aria-label="Headers">
          <Icon name={open ? "down" : "right"} size={12} />
        </UnstyledButton>
        <code>{visible(line)}</code>
        {!open && <span className="dim">{rows.length} headers</span>}
        <Copy text={[line, ...rows.map(([name, value]) => `${name}: ${value}`)].join("\n")} label="Copy the headers" />
      </div>
      {open && (
        <dl>
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{visible(String(value))}</dd>
            </div>
          ))}
          <div>
            <dt className="dim">{isResponse ? "other headers" : "credentials and other headers"}</dt>
            <dd className="dim">not kept in the log</dd>
          </div>
        </dl>
      )}
    </div>
  );
}

function requestRows(call: Event, type: string): [string, string][] {
  const rows: [string, string][] = [
    ["content-type", type],
    ["user-agent", call.user_agent],
    ["traceparent", call.trace_id ? `00-${call.trace_id}-${call.parent_span_id}-…` : ""],
    ["helicone-user-id", call.user_id],
    ["helicone-session-id", call.session_id],
    ["helicone-session-path", call.session_path],
    ["helicone-session-name", call.session_name],
    ["helicone-prompt-id", call.prompt_id],
    ["helicone-model-override", call.model_override],
    ...Object.entries(call.properties).map(([name, value]): [string, string] => [`helicone-property-${call.property_names[name] ?? name}`.toLowerCase(), value]),
    ...Object.entries(call.unknown_directives),
  ];
  return rows.filter(([, value]) => value !== "");
}
