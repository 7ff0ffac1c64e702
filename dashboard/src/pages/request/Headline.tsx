import type { Event } from "@/api/requests";
import { Copy, Figure, Figures, Status } from "@/components/Bits";
import { count, duration, money, shortCount } from "@/format/numbers";
import styles from "./Page.module.css";
import { gatewayMs, tokensPerSecond } from "./timelineOf";
import { visible } from "./visible";

export function NameOfCall({ call }: { call: Event }) {
  return (
    <span className={styles["name"]}>
      {visible(call.request_name || call.operation || "call")} <Status code={call.status} outcome={call.outcome} />
    </span>
  );
}

export function IdOfCall({ call }: { call: Event }) {
  return (
    <span className={styles["id"]}>
      <span className="mono">{call.id}</span> <Copy text={call.id} label="Copy the id" />
    </span>
  );
}

/** The figures of a call that matter at a glance. */
export function Headline({ call }: { call: Event }) {
  const rate = tokensPerSecond(call);
  const known = call.input_tokens != null || call.output_tokens != null;
  return (
    <Figures fit>
      <Figure label="Model" value={<span className={`name ${styles["model"]}`} data-long={(call.model || call.model_asked).length > 26 || undefined}>{call.model || call.model_asked || "–"}</span>} sub={call.provider} />
      <Figure label="Latency" value={duration(call.latency_ms)} />
      <Figure label="First token" value={duration(call.ttft_ms)} />
      <Figure label="Tokens" value={known ? `${count(call.input_tokens)} → ${count(call.output_tokens)}` : "–"} sub={rate === null ? undefined : `${shortCount(rate)} tokens/s`} />
      <Figure label="Cost" value={call.cached ? "$0" : money(call.cost_nanousd == null ? null : call.cost_nanousd / 1e9)} sub={call.cached ? "served from the cache" : ""} />
      <Figure label="Proxy added" value={duration(gatewayMs(call))} sub={call.attempts.some((each) => each.waited_us > 0) ? "backoff included" : undefined} />
    </Figures>
  );
}
