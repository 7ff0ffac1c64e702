import type { TailState } from "@/api/tail";
import { count } from "@/format/numbers";
import styles from "./CallList.module.css";

const WORDS: Record<TailState, string> = {
  off: "",
  connecting: "Connecting …",
  live: "Live: new calls come in at the top",
  reconnecting: "The control plane does not answer. Trying again; no call is lost",
};

/** How the live tail is doing, and the calls that wait while one reads. */
export function LiveBar({ state, waiting, onShow }: { state: TailState; waiting: number; onShow: () => void }) {
  return (
    <>
      <div className={styles["live"]} role="status">
        <span className={styles["light"]} data-state={state} />
        {waiting ? "Paused while you read" : WORDS[state]}
      </div>
      {waiting > 0 && (
        <div className={styles["waiting"]}>
          <button
            type="button"
            onClick={() => {
              scrollTo({ top: 0 });
              onShow();
            }}
          >
            {count(waiting)} new {waiting === 1 ? "call" : "calls"} ↑
          </button>
        </div>
      )}
    </>
  );
}
