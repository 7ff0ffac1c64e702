import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { BEHIND_S, useStatus, type Status } from "@/api/status";
import { Icon } from "@/components/Icon";
import { bytes, duration } from "@/format/numbers";
import styles from "./Banners.module.css";

/** Above every page: what of the installation is not as it should be. Each goes away by itself. */
export function Banners({ enabled }: { enabled: boolean }) {
  const away = useUnreachable();
  const status = useStatus(enabled && !away);
  if (away) return <Banner tone="bad">The control plane does not answer; it may be restarting. Trying again. What you see is from before.</Banner>;
  return <>{status.data && wordsOf(status.data).map((words) => <Banner key={words}>{words}</Banner>)}</>;
}

/** What is to be said of a state; nothing where all is well. */
export function wordsOf({ gateway, log }: Status): string[] {
  const words: string[] = [];
  if (gateway.problem) words.push(`The gateway at ${gateway.url} does not answer (${gateway.problem}). No calls go through it now; what is in the log can be read.`);
  if (!log.ready) words.push(`The log cannot be read yet: ${log.problem || "it is opening"}. Calls are kept, and appear when it is ready.`);
  else if (log.behind_s > BEHIND_S) {
    const why = log.problem ? ` The store says: ${log.problem}.` : "";
    words.push(`The log is ${duration(log.behind_s * 1000)} behind: ${bytes(log.lag_bytes)} of calls are kept but not in it yet.${why}`);
  }
  return words;
}

function Banner({ tone = "warn", children }: { tone?: "warn" | "bad"; children: ReactNode }) {
  return (
    <div className={`${styles["banner"]} ${styles[tone]}`} role="status">
      <Icon name="errors" size={14} />
      <span>{children}</span>
    </div>
  );
}

/** Whether the control plane is away: from the first request that nobody answered until /healthz does again. */
function useUnreachable(): boolean {
  const [away, setAway] = useState(false);
  const queries = useQueryClient();
  useEffect(() => {
    const note = () => setAway(true);
    addEventListener("perihelion:unreachable", note);
    return () => removeEventListener("perihelion:unreachable", note);
  }, []);
  useEffect(() => {
    if (!away) return;
    const look = async () => {
      const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
      if (!answer?.ok) return;
      setAway(false);
      void queries.invalidateQueries();
    };
    const clock = setInterval(() => void look(), 1_500);
    return () => clearInterval(clock);
  }, [away, queries]);
  return away;
}
