import { useMemo, useState } from "react";
import { useBody } from "@/api/bodies";
import { useBodySizes, type Event } from "@/api/requests";
import { Tag } from "@/components/Bits";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { answerOf, messagesOf, type Message, type Part } from "./conversationOf";
import styles from "./Conversation.module.css";

const MAX_PARSED = 4_000_000;
const MAX_SHOWN = 2_000;

/** The messages of a call and its answer, one below the other. */
export function Conversation({ call }: { call: Event }) {
  const isSmall = call.request_size <= MAX_PARSED;
  const stored = useBodySizes(call.id).data;
  const request = useBody(call.id, "request", isSmall);
  const text = useBody(call.id, "response_text", false, !!stored?.response_text);
  const tools = useBody(call.id, "tool_calls", false, !!stored?.tool_calls);
  const messages = useMemo(() => (request.data?.whole ? messagesOf(parse(request.data.text)) : null), [request.data]);
  const answer = useMemo(() => answerOf(text.data?.text ?? "", parse(tools.data?.text ?? "")), [text.data, tools.data]);
  if (!isSmall) return <Empty title="This request is too large to draw as a conversation">The tab “Raw request” shows its beginning, and can download it.</Empty>;
  return (
    <Loaded query={request} skeleton={<RowsSkeleton rows={5} />}>
      {(body) => {
        if (body === null && answer === null) return <Empty title="The bodies of this call are not stored">The caller asked that they are not, or bodies of its age are deleted.</Empty>;
        if (!messages && !answer) return <Empty title="This call is no conversation">The tabs beside this one have its request and response.</Empty>;
        return (
          <div>
            {messages?.map((message, index) => <MessageRow key={index} message={message} folded={index < messages.length - 6 && messages.length > 12} />)}
            {answer && <MessageRow message={answer} />}
          </div>
        );
      }}
    </Loaded>
  );
}

function MessageRow({ message, folded = false }: { message: Message; folded?: boolean }) {
  const [open, setOpen] = useState(!folded);
  return (
    <div className={styles["message"]}>
      <div className={styles["role"]}>{message.role}</div>
      <div className={styles["parts"]}>
        {open ? (
          message.parts.map((part, index) => <PartView key={index} part={part} />)
        ) : (
          <button type="button" className={styles["more"]} onClick={() => setOpen(true)}>
            {firstLine(message)}
          </button>
        )}
      </div>
    </div>
  );
}

function PartView({ part }: { part: Part }) {
  switch (part.kind) {
    case "text":
      return <LongText text={part.text} />;
    case "reasoning":
      return (
        <details className={styles["reasoning"]}>
          <summary>Reasoning, {part.text.length.toLocaleString("en")} characters</summary>
          <LongText text={part.text} />
        </details>
      );
    case "media":
      return <Tag>{part.label}</Tag>;
    case "tool call":
      return (
        <div className={styles["tool"]}>
          <header>
            <strong>{part.name}</strong> <span className="dim">{part.id}</span>
          </header>
          <pre>{part.input}</pre>
        </div>
      );
    case "tool result":
      return (
        <div className={styles["tool"]}>
          <header>
            result <span className="dim">{part.id}</span>
          </header>
          <pre>{part.text.slice(0, 20_000)}</pre>
        </div>
      );
  }
}

function LongText({ text }: { text: string }) {
  const [all, setAll] = useState(text.length <= MAX_SHOWN);
  return (
    <p className={styles["text"]}>
      {all ? text : text.slice(0, MAX_SHOWN)}
      {!all && (
        <button type="button" className={styles["more"]} onClick={() => setAll(true)}>
          … show all {text.length.toLocaleString("en")} characters
        </button>
      )}
    </p>
  );
}

function firstLine(message: Message): string {
  const first = message.parts[0];
  if (!first) return "empty";
  if (first.kind === "text" || first.kind === "reasoning" || first.kind === "tool result") return first.text.slice(0, 120);
  return first.kind === "media" ? first.label : first.name;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
