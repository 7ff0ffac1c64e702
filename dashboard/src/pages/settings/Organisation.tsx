import { Alert, Button, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useCreateOrganisation, useEditOrganisation, useOrganisation } from "@/api/account";
import { api } from "@/api/client";
import { atField, ofForm } from "@/api/problems";
import type { components } from "@/api/schema";
import { useStatus } from "@/api/status";
import { PolicyInput } from "@/components/PolicyInput";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Loaded } from "@/components/States";
import { Copy } from "@/components/Bits";
import { done } from "@/components/toast";
import { useMay } from "@/state/roles";
import styles from "./Settings.module.css";

/** The organisation's name and the limits of all its calls; another organisation for owners. */
export function Organisation() {
  const query = useOrganisation();
  const owner = useMay("owner");
  return (
    <>
      <Panel title="Organisation">
        <Loaded query={query} skeleton={<BlockSkeleton height={180} />}>
          {(organisation) => <OrganisationForm organisation={organisation} />}
        </Loaded>
      </Panel>
      {owner && <NewOrganisation />}
      <Installation />
    </>
  );
}

/** Where programs call, and which version runs. */
function Installation() {
  const status = useStatus();
  return (
    <Panel title="This installation">
      <Loaded query={status} skeleton={<BlockSkeleton height={48} />}>
        {({ gateway, version }) => (
          <dl className={styles["facts"]}>
            <dt>Gateway</dt>
            <dd className={styles["copied"]}>
              <span className="mono">{gateway.url}</span> <Copy text={gateway.url} label="Copy the gateway's address" />
            </dd>
            <dt>Version</dt>
            <dd>{version}</dd>
          </dl>
        )}
      </Loaded>
    </Panel>
  );
}

function OrganisationForm({ organisation }: { organisation: components["schemas"]["Organisation"] }) {
  const admin = useMay("admin");
  const edit = useEditOrganisation();
  const [name, setName] = useState(organisation.name);
  const [policy, setPolicy] = useState(organisation.policy);
  useEffect(() => {
    setName(organisation.name);
    setPolicy(organisation.policy);
  }, [organisation]);
  const changed = name !== organisation.name || policy !== organisation.policy;
  const fault = ofForm(edit.error, "name", "policy");
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        edit.mutate({ name, policy }, { onSuccess: () => done("Saved. Gateways know within two seconds.") });
      }}
    >
      {fault && (
        <Alert color="red" variant="light" role="alert">
          {fault}
        </Alert>
      )}
      <TextInput label="Name" value={name} disabled={!admin} maxLength={120} error={atField(edit.error, "name")} onChange={(event) => setName(event.currentTarget.value)} />
      <PolicyInput label="Limits of all calls" example="5000;w=86400;u=cents is $50 a day" value={policy} disabled={!admin} error={atField(edit.error, "policy")} onChange={setPolicy} />
      <div className={`${styles["copied"]} dim`}>
        Id <span className="mono">{organisation.id}</span> <Copy text={organisation.id} label="Copy the id" />
      </div>
      <div className={styles["buttons"]}>
        <Button type="submit" variant="filled" disabled={!admin || !changed} loading={edit.isPending}>
          Save
        </Button>
        {!admin && <span className="dim">Admins and owners can change this.</span>}
      </div>
    </form>
  );
}

function NewOrganisation() {
  const [name, setName] = useState("");
  const make = useCreateOrganisation();
  const queries = useQueryClient();
  const enter = async (organisation: string) => {
    await api.POST("/api/session", { body: { organisation } });
    queries.clear();
    location.assign("/settings/organisation");
  };
  return (
    <Panel title="Another organisation" sub="with calls, members, keys and prices of its own; you own it">
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate(name, { onSuccess: () => done(`${name} is made.`) });
        }}
      >
        <TextInput label="Name" value={name} required maxLength={120} error={atField(make.error, "name") || ofForm(make.error, "name")} onChange={(event) => setName(event.currentTarget.value)} />
        <div className={styles["buttons"]}>
          <Button type="submit" loading={make.isPending}>
            Create
          </Button>
          {make.data && <Button onClick={() => void enter(make.data.id)}>Go to {make.data.name}</Button>}
        </div>
      </form>
    </Panel>
  );
}
