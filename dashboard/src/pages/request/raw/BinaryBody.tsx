import { BytesChip } from "../media/BytesChip";
import { useCallDocuments } from "../worker/CallDocuments";
import type { Part, Summary } from "../worker/protocol";
import styles from "./Raw.module.css";

/** A body of bytes: a chip that opens it where a browser can show it safely. */
export function BinaryBody({ part, summary }: { part: Part; summary: Summary }) {
  const { worker } = useCallDocuments();
  return (
    <div className={styles["binary"]}>
      <BytesChip type={summary.type.split(";")[0]!.trim()} bytes={summary.size} load={() => worker.ask("wholeBytes", part)} disabled={!summary.whole} />
      <p className="dim">{summary.whole ? "These are bytes, not text." : "These are bytes, not text. Load all of them to open them here."}</p>
    </div>
  );
}
