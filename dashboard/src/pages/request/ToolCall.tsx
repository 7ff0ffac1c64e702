import { FilterLink, Tag } from "@/components/Bits";
import { Icon } from "@/components/Icon";
import styles from "./Conversation.module.css";
import type { Part, ToolResult } from "./conversation/types";
import { JsonText } from "./JsonText";
import { PartView } from "./PartView";

/** What a tool was asked, and beside it what it gave back. */
export function ToolCall({ call, isPlain }: { call: Extract<Part, { kind: "tool call" }>; isPlain: boolean }) {
  return (
    <section className={styles["tool"]} aria-label={`Tool ${call.name}`}>
      <header>
        <Icon name="settings" size={14} />
        <strong>
          <FilterLink column="tool" value={call.name} to="/requests" />
        </strong>
        <span className={styles["toolId"]}>{call.id}</span>
        <span className={styles["toolNote"]}>{call.note || (call.result ? (call.result.failed ? <Tag tone="bad">failed</Tag> : "") : "no result in this call")}</span>
      </header>
      <div className={styles["toolBody"]}>{call.input.trim() === "{}" || !call.input ? <span className="dim">no arguments</span> : <JsonText text={call.input} />}</div>
      {call.result && <Result result={call.result} isPlain={isPlain} />}
    </section>
  );
}

/** A result whose call is not in this request. */
export function ToolResultView({ id, name, result, isPlain }: { id: string; name: string; result: ToolResult; isPlain: boolean }) {
  return (
    <section className={styles["tool"]} aria-label="Tool result">
      <header>
        <strong>{name || "result"}</strong>
        <span className={styles["toolId"]}>{id}</span>
        <span className={styles["toolNote"]}>{result.failed ? <Tag tone="bad">failed</Tag> : "its call is not in this request"}</span>
      </header>
      <Result result={result} isPlain={isPlain} />
    </section>
  );
}

function Result({ result, isPlain }: { result: ToolResult; isPlain: boolean }) {
  return (
    <div className={styles["toolResult"]} data-failed={result.failed || undefined}>
      <span className={styles["arrow"]} aria-label="result">
        ↳
      </span>
      <div>
        {result.parts.length ? (
          result.parts.map((part, index) =>
            part.kind === "other" ? <JsonText key={index} text={part.json} /> : part.kind === "text" && /^\s*[[{]/.test(part.text) ? <JsonText key={index} text={part.text} /> : <PartView key={index} part={part} isPlain={isPlain} />,
          )
        ) : (
          <span className="dim">nothing</span>
        )}
      </div>
    </div>
  );
}
