import { useState } from "react";
import { UnstyledButton } from "@mantine/core";
import { count } from "@/format/numbers";
import styles from "./Conversation.module.css";
import type { Message } from "./conversation/types";
import { MessageRow } from "./MessageRow";
import type { ShownConversation } from "./worker/protocol";

/** Messages that are drawn before anybody asks for more: the first ones, and the last. */
const FIRST = 2;
const LAST = 12;

export function ConversationList({ conversation, isPlain, hasResponse }: { conversation: ShownConversation; isPlain: boolean; hasResponse: boolean }) {
  const { messages, answers } = conversation;
  const [all, setAll] = useState(false);
  const hidden = all ? 0 : Math.max(0, messages.length - FIRST - LAST);
  const head = hidden ? messages.slice(0, FIRST) : messages;
  const tail = hidden ? messages.slice(FIRST + hidden) : [];
  const row = (message: Message, key: string, isAnswer = false) => <MessageRow key={key} message={message} isPlain={isPlain} isAnswer={isAnswer} isFolded={message.role === "system" || message.role === "developer"} />;
  return (
    <div className={styles["list"]}>
      {head.map((message, index) => row(message, `m${index}`))}
      {hidden > 0 && (
        <UnstyledButton className={styles["gap"]} onClick={() => setAll(true)}>
          {conversation.left ? `Show ${count(hidden - 1)} of ${count(hidden - 1 + conversation.left)} messages between` : `Show ${count(hidden)} messages between`}
        </UnstyledButton>
      )}
      {tail.map((message, index) => row(message, `m${FIRST + hidden + index}`))}
      {!answers.length && hasResponse && (
        <p className={styles["gap"]}>{conversation.partial ? "The answer is not in what could be read. " : ""}The tab “Response” has what came back.</p>
      )}
      {answers.map((message, index) => row(message, `a${index}`, true))}
    </div>
  );
}
