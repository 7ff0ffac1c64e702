import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useSilenceChanges, type Silence } from "@/api/silences";
import { dimensionWord } from "@/components/alerts/words";
import { Tag, Time } from "@/components/Bits";
import { done, failed } from "@/components/toast";
import { addCondition, writeScope } from "@/state/search";
import { useMay } from "@/state/roles";
import { isOver } from "./Page";
import styles from "./Silences.module.css";

const WORDS: Record<string, string> = { "=": "is", "!=": "is not", "=~": "matches", "!~": "does not match" };
const OF_RULE = new Set(["rule", "rule_name", "severity", "metric"]);

/** One silence: what it matches, whose it is, when it ends. */
export function SilenceRow({ silence, names }: { silence: Silence; names: Map<string, string> }) {
  const member = useMay("member");
  const { edit } = useSilenceChanges();
  const over = isOver(silence);
  const end = (ends_us: number, said: string) => edit.mutate({ id: silence.id, ends_us }, { onSuccess: () => done(said), onError: (error) => failed("Nothing was changed", error) });
  return (
    <li className={over ? styles["over"] : undefined}>
      <span>{over ? <Tag>over</Tag> : silence.active ? <Tag tone="warn">active</Tag> : <Tag>planned</Tag>}</span>
      <span className={styles["chips"]}>
        {silence.matchers.map((matcher, at) => (
          <Chip key={at} matcher={matcher} names={names} />
        ))}
      </span>
      <span className={styles["about"]}>
        <span>
          {over ? "ended " : silence.active ? "until " : "from "}
          <Time at={new Date((silence.active || over ? silence.ends_us : silence.starts_us) / 1000)} />
          {!over && !silence.active && (
            <>
              {" until "}
              <Time at={new Date(silence.ends_us / 1000)} />
            </>
          )}
        </span>
        <small>
          {silence.comment ? `${silence.comment}, ` : ""}by {silence.created_by_name || "a key"}, <Time at={new Date(silence.created_us / 1000)} relative />
        </small>
      </span>
      <span className={styles["end"]}>
        {member && !over && (
          <>
            <Button size="compact-sm" variant="subtle" color="gray" loading={edit.isPending} onClick={() => end(silence.ends_us + 3_600_000_000, "It ends an hour later.")}>
              1 h more
            </Button>
            <Button size="compact-sm" loading={edit.isPending} onClick={() => end(Date.now() * 1000, "The silence is over. What still fires is sent at the next evaluation.")}>
              End now
            </Button>
          </>
        )}
      </span>
    </li>
  );
}

function Chip({ matcher, names }: { matcher: Silence["matchers"][number]; names: Map<string, string> }) {
  const { label, op = "=", value } = matcher;
  const rule = label === "rule" ? names.get(value) : undefined;
  const text = rule ?? (value || "not set");
  return (
    <span className={styles["chip"]} title={`${label} ${op} ${value}`}>
      <b>{dimensionWord(label)}</b>
      <i>{WORDS[op] ?? op}</i>
      {rule ? (
        <Link to={"/alerts/$id" as string} params={{ id: value } as never}>
          {text}
        </Link>
      ) : op === "=" && !OF_RULE.has(label) ? (
        <Link to={"/requests" as string} search={writeScope({ q: addCondition("", label, value) }) as never}>
          {text}
        </Link>
      ) : (
        <span>{text}</span>
      )}
    </span>
  );
}
