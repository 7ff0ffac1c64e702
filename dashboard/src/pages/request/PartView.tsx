import { Tag } from "@/components/Bits";
import { count } from "@/format/numbers";
import { Citations } from "./Citations";
import styles from "./Conversation.module.css";
import type { Part } from "./conversation/types";
import { LongText } from "./LongText";
import { lengthOf } from "./clipped";
import { MediaChip } from "./media/MediaChip";
import { JsonText } from "./JsonText";
import { ToolCall, ToolResultView } from "./ToolCall";

/** One part of a message. */
export function PartView({ part, isPlain, isFolded = false }: { part: Part; isPlain: boolean; isFolded?: boolean }) {
  switch (part.kind) {
    case "text":
      return (
        <div>
          {part.text && <LongText text={part.text} isPlain={isPlain} isFolded={isFolded} />}
          {part.citations && <Citations citations={part.citations} />}
        </div>
      );
    case "reasoning":
      return part.text ? (
        <details className={styles["reasoning"]}>
          <summary>
            {part.note ? `Reasoning, ${part.note}` : "Reasoning"}, {count(lengthOf(part.text))} characters
          </summary>
          <LongText text={part.text} isPlain={isPlain} />
        </details>
      ) : (
        <p className={styles["hidden"]}>Reasoning, {part.note || "not shown by the provider"}</p>
      );
    case "refusal":
      return (
        <div className={styles["refusal"]}>
          <LongText text={part.text} isPlain />
        </div>
      );
    case "media":
      return <MediaChip media={part.media} />;
    case "tool call":
      return <ToolCall call={part} isPlain={isPlain} />;
    case "tool result":
      return <ToolResultView id={part.id} name={part.name} result={part.result} isPlain={isPlain} />;
    case "vector":
      return (
        <p className={styles["vector"]}>
          <Tag>{count(part.dimensions)} dimensions</Tag>
          <span className="mono">{part.first.length ? `[${part.first.map((each) => Number(each.toPrecision(5))).join(", ")}, …]` : part.note}</span>
        </p>
      );
    case "other":
      return (
        <details className={styles["other"]} open={part.json.length < 600}>
          <summary>{part.label}</summary>
          <JsonText text={part.json} />
        </details>
      );
  }
}
