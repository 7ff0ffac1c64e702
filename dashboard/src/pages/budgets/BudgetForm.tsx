import { Autocomplete, MultiSelect, NumberInput, Select, Switch, TagsInput, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useCreateBudget, useEditBudget, type Budget } from "@/api/budgets";
import { useChannels } from "@/api/channels";
import { useKeys } from "@/api/keys";
import { figure, useMetrics } from "@/api/metrics";
import { atField, ofForm } from "@/api/problems";
import { usePropertyNames, useValues } from "@/api/suggestions";
import { FormDialog } from "@/components/FormDialog";
import { done } from "@/components/toast";
import { money } from "@/format/numbers";
import styles from "./Budgets.module.css";
import { filterOf } from "./spend";

type Scope = Budget["scope"];

const SCOPES: { value: Scope; label: string }[] = [
  { value: "organisation", label: "The whole organisation" },
  { value: "key", label: "A key" },
  { value: "user", label: "A user" },
  { value: "property", label: "A property" },
];

/** Makes or changes a budget. */
export function BudgetForm({ budget, onClose }: { budget: Budget | undefined; onClose: () => void }) {
  const [values, setValues] = useState(() => ({
    name: budget?.name ?? "",
    limit_usd: (budget?.limit_usd ?? "") as number | string,
    period: budget?.period ?? ("month" as Budget["period"]),
    scope: budget?.scope ?? ("organisation" as Scope),
    property: budget?.property ?? "",
    value: budget?.value ?? "",
    shares: (budget?.shares ?? [50, 80, 100]).map(String),
    channels: budget?.channels ?? [],
    hard: budget?.hard ?? false,
  }));
  const set = (change: Partial<typeof values>) => setValues((before) => ({ ...before, ...change }));
  const create = useCreateBudget();
  const edit = useEditBudget();
  const { error } = budget ? edit : create;
  const fault = ofForm(error, "name", "limit_usd", "property", "value", "shares", "channels");
  const channels = useChannels().data ?? [];
  const save = () => {
    const body = { ...values, limit_usd: Number(values.limit_usd) || 0, shares: values.shares.map((share) => Math.round(parseFloat(share)) || 0) };
    if (budget) edit.mutate({ id: budget.id, revision: budget.revision, ...body }, { onSuccess: () => (done(`${body.name} is changed.`), onClose()) });
    else create.mutate(body, { onSuccess: () => (done(`${body.name} is there.`), onClose()) });
  };
  return (
    <FormDialog
      title={budget ? `Change ${budget.name}` : "New budget"}
      size="lg"
      fault={fault}
      action={budget ? "Save" : "Create the budget"}
      saving={create.isPending || edit.isPending}
      onSave={save}
      onClose={onClose}
    >
      <TextInput label="Name" required withAsterisk={false} maxLength={120} data-autofocus value={values.name} error={atField(error, "name")} onChange={(event) => set({ name: event.currentTarget.value })} />
      <div className={styles["pair"]}>
        <NumberInput label="Budget" prefix="$" placeholder="$500" hideControls required withAsterisk={false} min={0} decimalScale={6} thousandSeparator="," value={values.limit_usd} error={atField(error, "limit_usd")} onChange={(limit_usd) => set({ limit_usd })} />
        <Select label="For each" allowDeselect={false} value={values.period} onChange={(period) => set({ period: period as Budget["period"] })} data={[{ value: "month", label: "Month" }, { value: "day", label: "Day" }]} />
      </div>
      <ScopeFields values={values} onChange={set} error={error} />
      <SpentLately values={values} />
      <div className={styles["pair"]}>
        <TagsInput label="Tell at" description="Percent of the budget, once in each period" value={values.shares} splitChars={[",", " "]} acceptValueOnBlur error={atField(error, "shares")} onChange={(shares) => set({ shares })} />
        <MultiSelect
          label="Channels to tell"
          description={channels.length ? "Where the message goes" : <>There is none yet: <Link to={"/channels" as string} search={{ edit: "new" } as never}>make a channel</Link></>}
          data={channels.map(({ id, name }) => ({ value: id, label: name }))}
          value={values.channels}
          error={atField(error, "channels")}
          onChange={(chosen) => set({ channels: chosen })}
        />
      </div>
      <Switch size="xs" label="Hard limit" description="Gateways refuse calls above it, within two seconds of this. Without it calls go on and people are told." checked={values.hard} onChange={(event) => set({ hard: event.currentTarget.checked })} />
    </FormDialog>
  );
}

interface Whose {
  scope: Scope;
  property: string;
  value: string;
}

function ScopeFields({ values, onChange, error }: { values: Whose; onChange: (change: Partial<Whose>) => void; error: unknown }) {
  const keys = useKeys(values.scope === "key").data?.pages.flatMap((page) => page.data) ?? [];
  const column = values.scope === "user" ? "user" : values.scope === "property" && values.property ? `property.${values.property}` : "";
  const names = usePropertyNames().data ?? [];
  const found = (useValues(column, values.value, column !== "").data ?? []).map((each) => each.value);
  return (
    <div className={styles["pair"]}>
      <Select label="Calls of" allowDeselect={false} data={SCOPES} value={values.scope} onChange={(scope) => onChange({ scope: scope as Scope, property: "", value: "" })} />
      {values.scope === "property" && <Autocomplete size="xs" label="Property" placeholder="team" required withAsterisk={false} data={names} value={values.property} error={atField(error, "property")} onChange={(property) => onChange({ property, value: "" })} />}
      {values.scope === "key" && <Select label="Key" placeholder="Each key separately" clearable searchable data={keys.filter((key) => !key.revoked_us).map((key) => ({ value: key.id, label: `${key.name} …${key.hint}` }))} value={values.value || null} error={atField(error, "value")} onChange={(value) => onChange({ value: value ?? "" })} />}
      {(values.scope === "user" || values.scope === "property") && (
        <Autocomplete size="xs" label={values.scope === "user" ? "User" : "Value"} placeholder={`Each ${values.scope === "user" ? "user" : "value"} separately`} data={found} value={values.value} error={atField(error, "value")} onChange={(value) => onChange({ value })} />
      )}
    </div>
  );
}

/** What these calls cost of late: a budget is a guess without it. */
function SpentLately({ values }: { values: Whose & { period: Budget["period"] } }) {
  const ready = values.scope !== "property" || !!values.property.trim();
  const filter = filterOf({ ...values, property: values.property.trim().toLowerCase() });
  const days = values.period === "month" ? 30 : 1;
  const spent = useMetrics({ filter: filter || null, since: `${days}d`, until: "", measures: ["cost"] }, ready);
  if (!ready || spent.error) return null;
  const each = values.scope !== "organisation" && !values.value ? "All of them together" : "They";
  return <span className="dim">{spent.data ? `${each} cost ${money(figure(spent.data.total.totals, "cost"))} in the last ${days === 1 ? "24 hours" : "30 days"}.` : "…"}</span>;
}
