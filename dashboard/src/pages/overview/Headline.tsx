import { figure, type MetricsAnswer } from "@/api/metrics";
import { Figure, Figures } from "@/components/Bits";
import { change, count, duration, money, percent, shortCount } from "@/format/numbers";
import { addCondition, useScope } from "@/state/search";

export const HEADLINE = [
  "calls", "cost", "errors", "error_rate", "p50_latency", "p95_latency", "p95_ttft", "tokens", "cache_hit_rate", "saved_cost", "unknown_cost_calls",
];

/** The row of figures. Each opens the calls behind it. */
export function Headline({ answer }: { answer: MetricsAnswer }) {
  const [scope] = useScope();
  const now = (name: string) => figure(answer.total.totals, name);
  const against = (name: string) => change(now(name), figure(answer.total.previous, name));
  const errorShift = pointShift(now("error_rate"), figure(answer.total.previous, "error_rate"));
  const unknown = now("unknown_cost_calls");
  // The first and the last bucket are cut by the range: their counts would look like a fall.
  const trend = (name: string) => (answer.total.values?.[name] ?? []).slice(1, -1);
  return (
    <Figures>
      <Figure label="Requests" value={count(now("calls"))} change={against("calls")} trend={trend("calls")} to="/requests" search={{ ...scope }} />
      <Figure
        label="Cost"
        value={money(now("cost") ?? (unknown ? null : 0))}
        change={against("cost")} trend={trend("cost")}
        goodWhen="down"
        sub={unknown ? `${shortCount(unknown)} unpriced` : undefined}
        to="/requests"
        search={{ ...scope, sort: "-cost" }}
      />
      <Figure
        label="Errors"
        value={percent(now("error_rate"))}
        change={errorShift} trend={trend("error_rate")}
        goodWhen="down"
        to="/requests"
        search={{ ...scope, q: addCondition(scope.q, "failed", true) }}
      />
      <Figure label="Latency P95" value={duration(now("p95_latency"))} change={against("p95_latency")} trend={trend("p95_latency")} goodWhen="down" sub={`P50 ${duration(now("p50_latency"))}`} to="/requests" search={{ ...scope, sort: "-latency_ms" }} />
      <Figure label="First token P95" value={duration(now("p95_ttft"))} change={against("p95_ttft")} trend={trend("p95_ttft")} goodWhen="down" to="/requests" search={{ ...scope, sort: "-ttft_ms" }} />
      <Figure label="Tokens" value={shortCount(now("tokens"))} change={against("tokens")} trend={trend("tokens")} to="/requests" search={{ ...scope, sort: "-tokens" }} />
      <Figure label="Saved by cache" value={money(now("saved_cost") ?? 0)} change={against("saved_cost")} trend={trend("saved_cost")} goodWhen="up" sub={now("cache_hit_rate") == null ? "cache not used" : `${percent(now("cache_hit_rate"))} hits`} to="/requests" search={{ ...scope, q: addCondition(scope.q, "cached", true) }} />
    </Figures>
  );
}

function pointShift(now: number | null, before: number | null): string {
  if (now == null || before == null) return "";
  const points = (now - before) * 100;
  return `${points > 0 ? "+" : points < 0 ? "−" : ""}${Math.abs(points).toFixed(2)} pts`;
}
