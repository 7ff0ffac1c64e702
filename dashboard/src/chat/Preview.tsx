import { indent, isObject, objects, word, type Json } from "./json";
import styles from "./Preview.module.css";

/** The messages of a body that is filled in, as they would be sent. */
export function Preview({ body }: { body: Json }) {
  const messages = [...(body["system"] === undefined ? [] : [{ role: "system", content: body["system"] }]), ...objects(body["messages"])];
  if (!messages.length) return <p className="dim">No messages yet.</p>;
  return (
    <div className={styles["list"]}>
      {messages.map((message: Json, index) => (
        <div key={index} className={styles["message"]}>
          <span className={styles["role"]}>{word(message["role"])}</span>
          <Content content={message["content"]} />
          {isObject(message["tool_calls"]) || Array.isArray(message["tool_calls"]) ? <pre className={styles["json"]}>{indent(message["tool_calls"])}</pre> : null}
        </div>
      ))}
    </div>
  );
}

function Content({ content }: { content: unknown }) {
  if (typeof content !== "string") return content === null || content === undefined ? null : <pre className={styles["json"]}>{indent(content).slice(0, 4_000)}</pre>;
  if (!content) return <p className={`${styles["text"]} dim`}>empty</p>;
  return (
    <p className={styles["text"]}>
      {content.split(/(\{\{[^{}]*\}\})/).map((piece, index) => (index % 2 ? <mark key={index}>{piece}</mark> : piece))}
    </p>
  );
}
