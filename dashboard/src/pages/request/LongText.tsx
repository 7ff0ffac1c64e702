import { UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { Markdown, looksLikeMarkdown } from "@/components/Markdown";
import { count } from "@/format/numbers";
import { lengthOf, splitClipped } from "./clipped";
import styles from "./Conversation.module.css";
import { visible } from "./visible";
import { useCallDocuments } from "./worker/CallDocuments";

/** Characters that are shown before anybody asks, and where a folded text stops. */
const FIRST = 3_000;
const FOLDED = 400;
/** Longer texts are not drawn as Markdown: that would keep the page busy. */
const MAX_MARKDOWN = 20_000;
/** Characters that one click adds. */
const STEP = 100_000;

/** A text of any length: its beginning, and the rest when it is asked for. */
export function LongText({ text, isPlain, isFolded = false }: { text: string; isPlain: boolean; isFolded?: boolean }) {
  const { worker } = useCallDocuments();
  const { shown: sent, ref } = splitClipped(text);
  const whole = lengthOf(text);
  const [limit, setLimit] = useState(isFolded && whole > FOLDED * 1.5 ? FOLDED : FIRST);
  const [fetched, setFetched] = useState("");
  const has = fetched || sent;
  const shown = has.length <= limit && has.length >= whole ? has : has.slice(0, limit);
  const isWhole = shown.length >= whole;
  const drawn = isWhole ? shown : `${shown.trimEnd()} …`;
  const more = async () => {
    const next = limit < FIRST ? FIRST : limit < STEP ? STEP : limit + STEP;
    if (ref !== null && has.length < Math.min(next, whole)) setFetched(visible(await worker.ask("longText", ref, next)));
    setLimit(next);
  };
  const asMarkdown = !isPlain && shown.length <= MAX_MARKDOWN && looksLikeMarkdown(shown);
  return (
    <div className={styles["text"]} data-plain={asMarkdown ? undefined : true}>
      {asMarkdown ? <Markdown text={drawn} /> : <p dir="auto">{drawn}</p>}
      {!isWhole && (
        <UnstyledButton className={styles["more"]} onClick={() => void more()}>
          {limit >= STEP ? `Show ${count(Math.min(STEP, whole - shown.length))} more` : "Show all"} of {count(whole)} characters
        </UnstyledButton>
      )}
      {isWhole && isFolded && whole > FOLDED * 1.5 && (
        <UnstyledButton className={styles["more"]} onClick={() => setLimit(FOLDED)}>
          Show less
        </UnstyledButton>
      )}
    </div>
  );
}
