import type { Session } from "@/api/sessions";
import { Figure, Figures, Tag, Time } from "@/components/Bits";
import { count, duration, money, percent, shortCount } from "@/format/numbers";
import { addCondition } from "@/state/search";

/** What the calls of the session came to. */
export function Headline({ found }: { found: Session }) {
  const { session, annotations } = found;
  const q = addCondition("", "session", session.session);
  const calls = (more = "", sort = "") => ({ to: "/requests", search: { q: `${q} ${more}`.trim(), since: session.first_seen, sort } });
  const scores = Object.entries(annotations.scores ?? {});
  return (
    <Figures>
      <Figure label="Calls" value={count(session.calls)} sub={session.models.length > 1 ? `${session.models.length} models` : <span className="name">{session.models[0]}</span>} {...calls()} />
      <Figure label="Cost" value={session.cost == null && !session.unknown_cost_calls ? "$0" : money(session.cost)} sub={session.unknown_cost_calls ? `${shortCount(session.unknown_cost_calls)} unpriced` : undefined} {...calls("", "-cost")} />
      <Figure label="First to last" value={duration(session.duration_ms)} sub={<Time at={session.first_seen} />} />
      <Figure label="Tokens" value={shortCount(session.tokens)} sub={`${shortCount(session.input_tokens)} in, ${shortCount(session.output_tokens)} out`} {...calls("", "-tokens")} />
      <Figure label="Failed calls" value={count(session.errors)} sub={percent(session.error_rate)} {...calls("failed:true")} />
      <Figure label="Latency P95" value={duration(session.latency_p95)} sub={`P50 ${duration(session.latency_p50)}`} {...calls("", "-latency_ms")} />
      {scores.length > 0 && <Figure label="Scores" value={<Scores scores={scores} />} />}
    </Figures>
  );
}

function Scores({ scores }: { scores: [string, unknown][] }) {
  return (
    <>
      {scores.slice(0, 4).map(([name, value]) => (
        <Tag key={name}>
          {name} {String(value)}
        </Tag>
      ))}
    </>
  );
}
