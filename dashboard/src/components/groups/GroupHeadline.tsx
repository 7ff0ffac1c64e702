import { figure, useMetrics, type MetricsAnswer } from "@/api/metrics";
import { Figure, Figures } from "@/components/Bits";
import { BlockSkeleton, Loaded } from "@/components/States";
import { change, count, duration, money, percent, shortCount } from "@/format/numbers";
import { joinCondition, useScope } from "@/state/search";

const MEASURES = ["calls", "cost", "unknown_cost_calls", "tokens", "errors", "error_rate", "p50_latency", "p95_latency", "users", "sessions"];

interface Props {
  /** A condition that all calls of the page share, such as `session:*`. */
  base?: string;
  /** What the page counts, as its first figure. */
  counted?: { label: string; measure: "users" | "sessions" } | undefined;
  leave?: ("calls" | "cost" | "tokens" | "errors" | "latency")[];
}

/** The figures of all calls of a page, with the period before. Each opens the calls behind it. */
export function GroupHeadline({ base = "", counted, leave = [] }: Props) {
  const [scope] = useScope();
  const q = joinCondition(scope.q, base);
  const query = useMetrics({ filter: q || null, measures: MEASURES, compare: "previous" });
  return (
    <Loaded query={query} skeleton={<BlockSkeleton height={86} />}>
      {(answer) => <Row answer={answer} q={q} counted={counted} leave={leave} />}
    </Loaded>
  );
}

function Row({ answer, q, counted, leave }: { answer: MetricsAnswer; q: string } & Required<Pick<Props, "leave">> & Pick<Props, "counted">) {
  const [{ since, until, zone }] = useScope();
  const now = (name: string) => figure(answer.total.totals, name);
  const against = (name: string) => change(now(name), figure(answer.total.previous, name));
  const unknown = now("unknown_cost_calls");
  const calls = (more = "", sort = "") => ({ to: "/requests", search: { q: joinCondition(q, more), since, until, zone, sort } });
  const has = (name: Required<Props>["leave"][number]) => !leave.includes(name);
  return (
    <Figures>
      {counted && <Figure label={counted.label} value={count(now(counted.measure))} change={against(counted.measure)} />}
      {has("calls") && <Figure label="Calls" value={count(now("calls"))} change={against("calls")} {...calls()} />}
      {has("cost") && (
        <Figure label="Cost" value={money(now("cost") ?? (unknown ? null : 0))} change={against("cost")} goodWhen="down" sub={unknown ? `${shortCount(unknown)} unpriced` : undefined} {...calls("", "-cost")} />
      )}
      {has("tokens") && <Figure label="Tokens" value={shortCount(now("tokens"))} change={against("tokens")} {...calls("", "-tokens")} />}
      {has("errors") && <Figure label="Failed calls" value={count(now("errors"))} change={against("errors")} goodWhen="down" sub={now("error_rate") === null ? undefined : percent(now("error_rate"))} {...calls("failed:true")} />}
      {has("latency") && <Figure label="Latency P95" value={duration(now("p95_latency"))} change={against("p95_latency")} goodWhen="down" sub={now("p50_latency") === null ? undefined : `P50 ${duration(now("p50_latency"))}`} {...calls("", "-latency_ms")} />}
    </Figures>
  );
}
