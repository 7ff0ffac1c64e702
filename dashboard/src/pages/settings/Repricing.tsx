import { Alert, Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCancelReprice, useReprice, useReprices, type Reprice } from "@/api/prices";
import { atField, ofForm } from "@/api/problems";
import { Tag, Time } from "@/components/Bits";
import { Confirm } from "@/components/Confirm";
import { Panel } from "@/components/Page";
import { done } from "@/components/toast";
import { count, moneyOfNano } from "@/format/numbers";
import { useMay } from "@/state/roles";
import styles from "./Settings.module.css";

const SINCE = [
  { value: "1d", label: "Last day" },
  { value: "7d", label: "Last 7 days" },
  { value: "30d", label: "Last 30 days" },
  { value: "90d", label: "Last 90 days" },
  { value: "365d", label: "Last year" },
];

/** Prices logged calls again: first as a trial that counts, then for real. */
export function Repricing() {
  const admin = useMay("admin");
  const [since, setSince] = useState("30d");
  const [filter, setFilter] = useState("");
  const [asking, setAsking] = useState(false);
  const start = useReprice();
  const runs = useReprices();
  const fault = ofForm(start.error, "filter", "since");
  const begin = (dry: boolean) =>
    start.mutate(
      { since, filter, dry_run: dry },
      {
        onSuccess: () => {
          setAsking(false);
          done(dry ? "The count is queued; its result stands below." : "Pricing again is queued.");
        },
      },
    );
  return (
    <Panel title="Price calls again" sub="with the prices of today; old figures are kept" flush>
      <div className={styles["wide"]} style={{ padding: "12px var(--edge, 16px) 16px" }}>
        {fault && (
          <Alert color="red" variant="light" role="alert">
            {fault}
          </Alert>
        )}
        <div className={styles["buttons"]} style={{ alignItems: "flex-start" }}>
          <Select aria-label="Which calls" w={130} allowDeselect={false} value={since} data={SINCE} disabled={!admin} onChange={(value) => setSince(value ?? "30d")} />
          <TextInput aria-label="Filter" placeholder="all calls, or a filter: model:gpt-4o" w={280} disabled={!admin} value={filter} error={atField(start.error, "filter")} onChange={(event) => setFilter(event.currentTarget.value)} />
          <Button disabled={!admin} loading={start.isPending && !asking} onClick={() => begin(true)}>
            Count what would change
          </Button>
          <Button disabled={!admin} onClick={() => setAsking(true)}>
            Price again …
          </Button>
        </div>
        {!admin && <span className="dim">Admins and owners can do this.</span>}
      </div>
      {runs.data && runs.data.data.length > 0 && (
        <ul className={styles["list"]} aria-label="Runs" style={{ borderTop: "1px solid var(--line)" }}>
          {runs.data.data.slice(0, 6).map((run) => (
            <RunRow key={run.id} run={run} admin={admin} />
          ))}
        </ul>
      )}
      <Confirm title={`Price the calls of the ${SINCE.find((each) => each.value === since)!.label.toLowerCase()} again?`} action="Price them again" opened={asking} pending={start.isPending} error={start.error} onClose={() => setAsking(false)} onConfirm={() => begin(false)}>
        Their costs become what the prices of today say{filter ? <>, where <code>{filter}</code></> : ""}. The old figures are kept, and it can be cancelled while it runs.
      </Confirm>
    </Panel>
  );
}

function RunRow({ run, admin }: { run: Reprice; admin: boolean }) {
  const cancel = useCancelReprice();
  const goes = run.state === "queued" || run.state === "running";
  return (
    <li className={styles["item"]}>
      <div className={styles["main"]}>
        <strong>
          {run.dry_run ? "Counted" : "Priced again"} <Tag {...(goes ? { tone: "warn" as const } : run.state === "done" ? { tone: "ok" as const } : {})}>{run.state}</Tag>{" "}
          {run.filter && <span className="mono dim">{run.filter}</span>}
        </strong>
        <small className={styles["figures"]}>
          <span>
            calls since <Time at={run.since} />
          </span>
          <span>{count(run.calls)} looked at</span>
          <span>{count(run.changed)} {run.dry_run ? "would change" : "changed"}</span>
          <span>
            {moneyOfNano(run.old_nanousd)} → {moneyOfNano(run.new_nanousd)}
          </span>
          {run.error && <span role="alert">{run.error}</span>}
        </small>
      </div>
      {goes && admin && (
        <Button loading={cancel.isPending} onClick={() => cancel.mutate(run.id, { onSuccess: () => done("Cancelled. What was written stays.") })}>
          Cancel
        </Button>
      )}
    </li>
  );
}
