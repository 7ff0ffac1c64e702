import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useCreateKey } from "@/api/keys";
import { useLatestCall } from "@/api/latest";
import { ofForm } from "@/api/problems";
import { useStatus, type Status } from "@/api/status";
import { Snippet } from "@/components/Snippet";
import { Segments } from "@/components/Segments";
import { Secret } from "@/components/Secret";
import { Grid, PageBody, PageTop, Panel } from "@/components/Page";
import { BlockSkeleton, Loaded } from "@/components/States";
import { duration, moneyOfNano } from "@/format/numbers";
import { useMay } from "@/state/roles";
import { useScope } from "@/state/search";
import { CLIENTS, FORMS, snippet } from "./snippets";
import styles from "./Start.module.css";

/** What to paste for a first call, and a light that goes on when it is in the log. */
export function Page() {
  const status = useStatus();
  return (
    <>
      <PageTop title="Send a call" />
      <PageBody>
        <Loaded query={status} skeleton={<BlockSkeleton height={340} />}>
          {(known) => <Steps gateway={known.gateway} />}
        </Loaded>
      </PageBody>
    </>
  );
}

function Steps({ gateway }: { gateway: Status["gateway"] }) {
  const [scope, setScope] = useScope();
  const [key, setKey] = useState("");
  const client = CLIENTS.find((each) => each === scope["client"]) ?? "OpenAI";
  const forms = FORMS[client];
  const form = forms.find((each) => each === scope["form"]) ?? forms[0]!;
  const text = snippet(client, form, gateway.url, key || (gateway.keys_required ? "sk-perihelion-…" : ""));
  return (
    <Grid columns="minmax(0, 1.55fr) minmax(0, 1fr)">
      <Panel title="Point your program at the gateway" sub="one line changes; your provider's key stays where it is">
        <div className={styles["bar"]}>
          <Segments label="Client" value={client} onChange={(value) => setScope({ client: value === "OpenAI" ? "" : value, form: "" }, true)} options={same(CLIENTS)} />
          {forms.length > 1 && <Segments label="Language" value={form} onChange={(value) => setScope({ form: value === forms[0] ? "" : value }, true)} options={same(forms)} />}
        </div>
        <Snippet text={text} what={`${client}, ${form}`} copyLabel="Copy the snippet" />
      </Panel>
      <div className={styles["side"]}>
        <Arrival />
        <KeyStep required={gateway.keys_required} value={key} onMade={setKey} />
      </div>
    </Grid>
  );
}

/** Values that are their own names. */
function same<T extends string>(values: readonly T[]): Record<T, string> {
  return Object.fromEntries(values.map((each): [T, string] => [each, each])) as { [each in T]: string };
}

/** A key where the gateway asks for one: made in place, shown once. */
function KeyStep({ required, value, onMade }: { required: boolean; value: string; onMade: (key: string) => void }) {
  const admin = useMay("admin");
  const make = useCreateKey();
  const fault = ofForm(make.error);
  return (
    <Panel title="API key" sub={required ? "this gateway takes no calls without one" : "optional here: the gateway takes calls without one"}>
      {value ? (
        <Secret text={value} label="Copy the key">
          It is shown here once, and stands in the snippet. Keys are managed in <Link to={"/settings/keys" as string}>Settings</Link>.
        </Secret>
      ) : (
        <div className={styles["key"]}>
          <Button variant={required ? "filled" : "default"} disabled={!admin} loading={make.isPending} onClick={() => make.mutate({ name: "first key", scopes: ["proxy"] }, { onSuccess: (made) => onMade(made.key) })}>
            Create a key
          </Button>
          <span className="dim">{admin ? (required ? "It is put into the snippet." : "It says in the log who called, and can carry limits.") : "An admin can create one for you."}</span>
          {fault && <span role="alert">{fault}</span>}
        </div>
      )}
    </Panel>
  );
}

/** Waits for a call that is newer than this page. */
function Arrival() {
  const [opened] = useState(() => Date.now());
  const latest = useLatestCall(true);
  const call = latest.data && Date.parse(latest.data.start) >= opened - 1000 ? latest.data : null;
  return (
    <div className={styles["wait"]} role="status" data-lit={call ? true : undefined}>
      <span className={styles["light"]} />
      {call ? (
        <>
          <strong>Your call is here</strong>
          <span className="num">
            {call.model || call.path} · {call.status} · {duration(call.latency_ms)} · {moneyOfNano(call.cost_nanousd)}
          </span>
          <Link to={"/requests/$id" as string} params={{ id: call.id } as never} className={styles["open"]!}>
            Open it
          </Link>
        </>
      ) : (
        <div>
          <strong>Waiting for your call</strong>
          <p>Run the program. This lights up by itself, within two seconds of the answer.</p>
        </div>
      )}
    </div>
  );
}
