import styles from "./Conversation.module.css";
import type { Citation } from "./conversation/types";

/** What a text refers to. Addresses are links that open apart; nothing of them is loaded. */
export function Citations({ citations }: { citations: Citation[] }) {
  return (
    <ol className={styles["citations"]} aria-label="Sources">
      {citations.map((each, index) => (
        <li key={index}>
          {/^https?:/i.test(each.url) ? (
            <a href={each.url} target="_blank" rel="noreferrer noopener" title={each.url}>
              {each.title || each.url}
            </a>
          ) : (
            <span title={each.url}>{each.title || each.url || "source"}</span>
          )}
          {each.text && <q>{each.text}</q>}
        </li>
      ))}
    </ol>
  );
}
