import { NumberInput, PasswordInput, Select, Switch, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { ApiError } from "@/api/client";
import { figure, useMetrics } from "@/api/metrics";
import { atField, ofForm } from "@/api/problems";
import { useCreateWebhook, useEditWebhook, type Webhook } from "@/api/webhooks";
import { FilterInput } from "@/components/FilterInput";
import { FormDialog } from "@/components/FormDialog";
import { NewSecret } from "@/components/NewSecret";
import { done } from "@/components/toast";
import { count } from "@/format/numbers";
import { faultOf } from "@/state/fault";
import styles from "./Webhooks.module.css";

const FIELDS = ["name", "url", "filter", "sample_share", "parallel", "secret", "since"];
const BEGINS = [
  { value: "", label: "With calls to come" },
  { value: "1h", label: "1 hour ago" },
  { value: "24h", label: "1 day ago" },
  { value: "7d", label: "7 days ago" },
];

/** Makes or changes a webhook for calls. */
export function WebhookForm({ webhook, onClose }: { webhook: Webhook | undefined; onClose: () => void }) {
  const [values, setValues] = useState(() => ({
    name: webhook?.name ?? "",
    url: webhook?.url ?? "",
    filter: webhook?.filter ?? "",
    share: (webhook?.sample_share ?? 1) * 100,
    with_bodies: webhook?.with_bodies ?? false,
    only_requested: webhook?.only_requested ?? false,
    form: webhook?.form ?? ("event" as const),
    parallel: webhook?.parallel ?? 1,
  }));
  const [since, setSince] = useState("");
  const [own, setOwn] = useState("");
  const [secret, setSecret] = useState("");
  const create = useCreateWebhook();
  const edit = useEditWebhook();
  const { error } = webhook ? edit : create;
  const set = (change: Partial<typeof values>) => setValues((before) => ({ ...before, ...change }));
  const save = () => {
    const { share, ...rest } = values;
    const body = { ...rest, sample_share: share / 100 };
    if (webhook) edit.mutate({ id: webhook.id, ...body }, { onSuccess: () => (done(`${values.name} is changed.`), onClose()) });
    else create.mutate({ ...body, since, secret: own }, { onSuccess: (made) => (done(`${values.name} is there.`), own ? onClose() : setSecret(made.secret)) });
  };
  if (secret) return <NewSecret name={values.name} secret={secret} helicone={values.form === "helicone"} onClose={onClose} />;
  const fault = ofForm(error, ...FIELDS);
  const unread = error instanceof ApiError ? faultOf(error) : null;
  return (
    <FormDialog
      title={webhook ? `Change ${webhook.name}` : "New webhook"}
      size="xl"
      fault={fault}
      action={webhook ? "Save" : "Create the webhook"}
      saving={create.isPending || edit.isPending}
      onSave={save}
      onClose={onClose}
    >
      <div className={styles["pair"]}>
        <TextInput label="Name" required withAsterisk={false} maxLength={120} data-autofocus value={values.name} error={atField(error, "name")} onChange={(event) => set({ name: event.currentTarget.value })} />
        <TextInput label="Address" placeholder="https://example.com/calls" required withAsterisk={false} spellCheck={false} value={values.url} error={atField(error, "url")} onChange={(event) => set({ url: event.currentTarget.value })} />
      </div>
      <Filter filter={values.filter} share={values.only_requested ? 1 : values.share / 100} fault={unread?.place === "filter" ? unread : null} onChange={(filter) => set({ filter })} />
      <div className={styles["pair"]}>
        <NumberInput label="Share of these calls" description="Chosen by id: a call is in or out for good" suffix=" %" hideControls min={0} max={100} decimalScale={2} disabled={values.only_requested} value={values.share} error={atField(error, "sample_share")} onChange={(share) => set({ share: Number(share) || 0 })} />
        <Select label="Form" description="Of the JSON that is sent" allowDeselect={false} value={values.form} data={[{ value: "event", label: "The event of the call" }, { value: "helicone", label: "Helicone's fields" }]} onChange={(form) => set({ form: form as "event" | "helicone" })} />
        <NumberInput label="Requests at once" description="1 keeps the order of arrival" hideControls min={1} max={32} value={values.parallel} error={atField(error, "parallel")} onChange={(parallel) => set({ parallel: Number(parallel) || 1 })} />
      </div>
      <div className={styles["switches"]}>
        <Switch size="xs" label="With bodies" description="Prompts and answers leave this installation." checked={values.with_bodies} onChange={(event) => set({ with_bodies: event.currentTarget.checked })} />
        <Switch size="xs" label="Only calls that ask for it" description="Those with Helicone-Webhook-Enabled: true that match the filter." checked={values.only_requested} onChange={(event) => set({ only_requested: event.currentTarget.checked })} />
      </div>
      {!webhook && (
        <div className={styles["pair"]}>
          <Select label="Begin" allowDeselect={false} value={since} data={BEGINS} error={atField(error, "since")} onChange={(value) => setSince(value ?? "")} />
          <PasswordInput label="Secret" placeholder="One is made and shown once" autoComplete="off" value={own} error={atField(error, "secret")} onChange={(event) => setOwn(event.currentTarget.value)} />
        </div>
      )}
    </FormDialog>
  );
}

/** Which calls, and how many of the last day those are. */
function Filter({ filter, share, fault, onChange }: { filter: string; share: number; fault: ReturnType<typeof faultOf>; onChange: (filter: string) => void }) {
  const [typed] = useDebouncedValue(filter, 250);
  const calls = useMetrics({ filter: typed || null, since: "24h", until: "", measures: ["calls"] });
  const told = calls.error instanceof ApiError ? faultOf(calls.error) : fault;
  const many = calls.error ? null : figure(calls.data?.total.totals, "calls");
  return (
    <div className={styles["field"]}>
      <span>Which calls</span>
      <FilterInput q={filter} onChange={onChange} fault={told} placeholder="All calls, or add a filter" />
      <small>{many === null ? "…" : `${count(many)} calls of the last 24 hours match${share < 1 ? `, about ${count(Math.round(many * share))} of them would be sent` : ""}.`}</small>
    </div>
  );
}
