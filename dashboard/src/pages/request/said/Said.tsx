import { UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useAnnotations, useSay, type History, type Saying } from "@/api/annotations";
import { ApiError } from "@/api/client";
import type { Event } from "@/api/requests";
import { Icon } from "@/components/Icon";
import { Panel } from "@/components/Page";
import { Loaded, RowsSkeleton } from "@/components/States";
import { Notes } from "./Notes";
import styles from "./Said.module.css";
import { SaidHistory } from "./SaidHistory";
import { Scores } from "./Scores";

/** What people and programs said of the call: rating, scores, notes, a correction; and the place to say more. */
export function Said({ call }: { call: Event }) {
  const annotations = useAnnotations(call.id);
  const say = useSay(call.id);
  return (
    <Panel title="Feedback">
      <Loaded query={annotations} skeleton={<RowsSkeleton rows={3} />}>
        {(history) => <SaidOf history={history} say={say.mutateAsync} busy={say.isPending} fault={say.error} />}
      </Loaded>
    </Panel>
  );
}

export type Say = (saying: Saying) => Promise<unknown>;

function SaidOf({ history, say, busy, fault }: { history: History; say: Say; busy: boolean; fault: unknown }) {
  const { current } = history;
  const [correcting, setCorrecting] = useState(false);
  return (
    <div className={styles["said"]} aria-busy={busy}>
      <Rating rating={current.rating ?? null} comment={current.comment ?? ""} say={say} />
      <Scores scores={current.scores ?? {}} say={say} />
      <Notes title="Note" label="Add a note" texts={(current.notes ?? []).map((note) => note.text)} save={(text) => say({ kind: "note", text })} />
      {current.correction || correcting ? (
        <Notes
          title="Correction"
          label="What would have been right"
          texts={current.correction ? [current.correction] : []}
          save={(correction) => say({ kind: "correction", correction }).then(() => setCorrecting(false))}
          remove={() => say({ kind: "correction", correction: null })}
        />
      ) : (
        <UnstyledButton className={styles["add"]} onClick={() => setCorrecting(true)}>
          <Icon name="plus" size={12} /> Add a correction
        </UnstyledButton>
      )}
      {fault ? (
        <p className={styles["fault"]} role="alert">
          {fault instanceof ApiError ? (fault.status === 403 ? "You may look, but not add feedback: that needs a member." : fault.message) : String(fault)}
        </p>
      ) : null}
      <SaidHistory history={history} />
    </div>
  );
}

/** Thumbs. The one that is set takes the rating back. */
function Rating({ rating, comment, say }: { rating: number | null; comment: string; say: Say }) {
  const thumb = (good: boolean) => {
    const isSet = rating !== null && (good ? rating > 0 : rating < 0);
    return (
      <UnstyledButton className={styles["thumb"]} data-tone={good ? "ok" : "bad"} aria-pressed={isSet} onClick={() => void say({ kind: "rating", rating: isSet ? null : good }).catch(() => undefined)}>
        {good ? "Good" : "Bad"}
      </UnstyledButton>
    );
  };
  return (
    <div className={styles["row"]}>
      <span className={styles["name"]}>Rating</span>
      <span className={styles["thumbs"]}>
        {rating !== null && Math.abs(rating) !== 1 && <span className="num">{rating}</span>}
        {thumb(true)}
        {thumb(false)}
      </span>
      {comment && <q className={styles["comment"]}>{comment}</q>}
    </div>
  );
}
