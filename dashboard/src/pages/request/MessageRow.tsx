import { memo } from "react";
import { Tag } from "@/components/Bits";
import styles from "./Conversation.module.css";
import type { Message } from "./conversation/types";
import { PartView } from "./PartView";

interface Props {
  message: Message;
  isPlain: boolean;
  isAnswer: boolean;
  /** Its texts show their beginning first. */
  isFolded: boolean;
}

/** Why an answer ended, where that is no news. */
const USUAL = new Set(["stop", "end_turn", "STOP", "completed", "COMPLETE", "tool_calls", "tool_use", "eos", "end"]);

/** One message: who says it, and its parts. */
export const MessageRow = memo(function MessageRow({ message, isPlain, isAnswer, isFolded }: Props) {
  if (!message.role) return <p className={styles["gap"]}>{message.note}</p>;
  const note = message.note.split(", ").filter((each) => each && !USUAL.has(each));
  return (
    <div className={styles["message"]} data-answer={isAnswer || undefined} data-role={message.role}>
      <div className={styles["role"]}>
        {message.role}
        {message.name && <span className="dim"> {message.name}</span>}
        {note.map((each) => (
          <Tag key={each} {...(each.startsWith("choice") ? {} : { tone: "warn" as const })}>
            {each.replaceAll("_", " ").toLowerCase()}
          </Tag>
        ))}
      </div>
      <div className={styles["parts"]}>
        {message.parts.length ? message.parts.map((part, index) => <PartView key={index} part={part} isPlain={isPlain || message.role === "tool"} isFolded={isFolded} />) : <span className="dim">nothing</span>}
      </div>
    </div>
  );
});
