import { Panel } from "@/components/Page";
import { Snippet } from "@/components/Snippet";
import { useStatus } from "@/api/status";
import { bytes } from "@/format/numbers";
import styles from "./HowTo.module.css";

const HEADERS = `Helicone-Cache-Enabled: true
Helicone-Cache-Control: max-age=3600`;

/** How a program asks for the cache. */
export function HowTo({ unused = false }: { unused?: boolean }) {
  const limit = useStatus().data?.gateway.cache_entry_bytes;
  return (
    <Panel title={unused ? "No call asked the cache in this range" : "Ask for the cache"} sub="a header a call, with any SDK">
      <Snippet text={HEADERS} what="Headers" copyLabel="Copy the headers" />
      <p className={styles["words"]}>
        Requests with the same body, address and credential get the stored answer, as a stream where they ask for one. Entries live for seven days unless <code>max-age</code> says otherwise{limit ? `; answers up to ${bytes(limit)} are stored` : ""}. A hit costs $0 and is in the log with what it saved. <code>Helicone-Cache-Seed</code> keeps entries of users or tests apart; <code>Helicone-Cache-Ignore-Keys</code> leaves fields such as an id out of the comparison.
      </p>
    </Panel>
  );
}
