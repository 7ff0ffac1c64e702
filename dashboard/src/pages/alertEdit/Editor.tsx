import { Alert as Note, Button } from "@mantine/core";
import { useDebouncedCallback, useDebouncedValue } from "@mantine/hooks";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useAlertChanges, usePreview, useUnitOf, type Alert } from "@/api/alerts";
import { ApiError } from "@/api/client";
import { otherFault } from "@/components/alerts/faults";
import { INGEST_LAG, type Rule } from "@/components/alerts/rule";
import { PageBody, PageTop } from "@/components/Page";
import { done } from "@/components/toast";
import { useScope } from "@/state/search";
import { STARTS, lookBack, nameOf, readDraft, writeDraft } from "./draft";
import { Fires } from "./Fires";
import { Look } from "./Look";
import { Tell } from "./Tell";
import { Watch } from "./Watch";
import styles from "./Edit.module.css";

interface Props {
  title: string;
  /** The rule to begin with. */
  base: Rule;
  /** The stored rule that is changed; without it a new one is made. */
  alert?: Alert;
}

/** The form, with what the rule would have done beside it. What is typed is kept in the address. */
export function Editor({ title, base: given, alert }: Props) {
  const [base] = useState(given);
  const [revision] = useState(alert?.revision ?? 0);
  const [scope, setScope] = useScope();
  const [rule, setRule] = useState(() => readDraft(scope["draft"], base));
  const [asked] = useDebouncedValue(rule, 300);
  const keep = useDebouncedCallback((next: Rule) => setScope({ draft: writeDraft(next, base) }, true), 400);
  const unitOf = useUnitOf();
  const unit = unitOf(rule.metric);
  const navigate = useNavigate();
  const { create, edit } = useAlertChanges();
  const saving = alert ? edit : create;
  const look = typeof scope["look"] === "string" && scope["look"] ? scope["look"] : lookBack(asked.window);
  const ready = Number.isFinite(asked.condition.value) && asked.metric !== INGEST_LAG;
  const preview = usePreview(ready ? asked : null, look);
  // What was said when it was saved stands until the rule changes; then the preview knows better.
  const error = saving.error ?? (asked === rule || preview.isFetching ? preview.error : null);
  const fault = otherFault(saving.error) || (preview.error instanceof ApiError && preview.error.status === 400 ? otherFault(preview.error) : "");
  const put = (next: Rule) => {
    saving.reset();
    setRule(next);
    keep(next);
  };
  const set = (change: Partial<Rule>) => put({ ...rule, ...change });
  const part = { rule, set, unit, error };
  const save = () => {
    const whole = { ...rule, name: nameOf(rule, unit) };
    const onSuccess = (saved: Alert) => {
      keep.cancel();
      done(alert ? `${whole.name} is changed.` : `${whole.name} is made. It is evaluated from the next minute on.`);
      void navigate({ to: "/alerts/$id" as string, params: { id: saved.id } as never });
    };
    if (alert) edit.mutate({ id: alert.id, revision, rule: whole }, { onSuccess });
    else create.mutate(whole, { onSuccess });
  };
  return (
    <>
      <PageTop title={title} beside={alert ? "edit the rule" : undefined}>
        <Button component={Link} {...(alert ? ({ to: "/alerts/$id", params: { id: alert.id } } as object) : ({ to: "/alerts" } as object))}>
          Cancel
        </Button>
        <Button variant="filled" loading={saving.isPending} disabled={!Number.isFinite(rule.condition.value)} onClick={save}>
          {alert ? "Save" : "Make the rule"}
        </Button>
      </PageTop>
      <PageBody>
        {fault && (
          <Note color="red" variant="light" role="alert">
            {fault}
            {saving.error instanceof ApiError && saving.error.status === 409 && " Open the rule again to see the change; what you typed is in this page's address."}
          </Note>
        )}
        {!alert && (
          <div className={styles["starts"]} role="group" aria-label="Begin with">
            Begin with
            {STARTS.map((start) => (
              <Button key={start.label} size="compact-sm" variant="default" onClick={() => put({ ...start.rule, filter: start.rule.filter || rule.filter })}>
                {start.label}
              </Button>
            ))}
          </div>
        )}
        <div className={styles["layout"]}>
          <div className={styles["watch"]}>
            <Watch {...part} unitOf={unitOf} />
          </div>
          <div className={styles["fires"]}>
            <Fires {...part} />
          </div>
          <div className={styles["look"]}>
            <Look rule={rule} asked={asked} unit={unit} since={look} onSince={(next) => setScope({ look: next }, true)} query={preview} />
          </div>
          <div className={styles["tell"]}>
            <Tell {...part} suggested={nameOf({ ...rule, name: "" }, unit)} />
          </div>
        </div>
      </PageBody>
    </>
  );
}
