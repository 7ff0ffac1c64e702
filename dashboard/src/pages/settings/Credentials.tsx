import { Alert, Autocomplete, Button, PasswordInput } from "@mantine/core";
import { useState } from "react";
import { nameOf, useCredentials, useDeleteCredential, usePutCredential, type Credential } from "@/api/credentials";
import { atField, ofForm } from "@/api/problems";
import { useStatus } from "@/api/status";
import { Time } from "@/components/Bits";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { done } from "@/components/toast";
import { useScope } from "@/state/search";
import styles from "./Settings.module.css";

/** Provider keys that calls without one of their own use. They are sealed, and never shown again. */
export function Credentials() {
  const query = useCredentials();
  const [scope, setScope] = useScope();
  const [replaced, setReplaced] = useState("");
  const storing = scope["new"] === "1";
  const open = (provider: string) => {
    setReplaced(provider);
    setScope({ new: "1" }, true);
  };
  return (
    <>
      {storing && <StoreCredential key={replaced} first={replaced} stored={query.data?.data ?? []} onClose={() => setScope({ new: "" }, true)} />}
      <Panel
        title="Provider credentials"
        sub="for calls that bring none of their own"
        flush
        actions={
          !storing && (
            <Button variant="filled" leftSection={<Icon name="plus" size={13} />} onClick={() => open("")}>
              Store a credential
            </Button>
          )
        }
      >
        <Loaded query={query} skeleton={<RowsSkeleton rows={3} />}>
          {({ data }) =>
            data.length ? (
              <ul className={styles["list"]} aria-label="Stored credentials" style={{ marginTop: 8 }}>
                {data.map((credential) => (
                  <CredentialRow key={nameOf(credential)} credential={credential} onReplace={() => open(nameOf(credential))} />
                ))}
              </ul>
            ) : (
              <Empty title="No credentials are stored">Programs send their provider's key with each call. With one stored here they need only a key of Perihelion.</Empty>
            )
          }
        </Loaded>
      </Panel>
    </>
  );
}

function StoreCredential({ first, stored, onClose }: { first: string; stored: Credential[]; onClose: () => void }) {
  const [provider, setProvider] = useState(first);
  const [value, setValue] = useState("");
  const providers = useStatus().data?.providers ?? [];
  const put = usePutCredential();
  const known = stored.some((each) => nameOf(each) === provider);
  const fault = ofForm(put.error, "provider", "resource", "value");
  return (
    <Panel title={known ? `Replace the credential of ${provider}` : "New credential"} sub="sealed at once; no page and no answer ever shows it again">
      <form
        className={styles["wide"]}
        onSubmit={(event) => {
          event.preventDefault();
          put.mutate(
            { name: provider, value },
            {
              onSuccess: () => {
                done(`The credential of ${provider} is stored. Gateways use it within two seconds.`);
                onClose();
              },
            },
          );
        }}
      >
        {fault && (
          <Alert color="red" variant="light" role="alert">
            {fault}
          </Alert>
        )}
        <div className={styles["pair"]}>
          <Autocomplete label="Provider" description="with the resource where it has some: azure/my-resource" placeholder="openai" required data={providers} limit={40} value={provider} error={atField(put.error, "provider") ?? atField(put.error, "resource")} onChange={setProvider} />
          <PasswordInput label="The provider's key" autoComplete="off" required autoFocus={!!first} value={value} error={atField(put.error, "value")} onChange={(event) => setValue(event.currentTarget.value)} />
        </div>
        <div className={styles["buttons"]}>
          <Button type="submit" variant="filled" loading={put.isPending}>
            {known ? "Replace" : "Store"}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Panel>
  );
}

function CredentialRow({ credential, onReplace }: { credential: Credential; onReplace: () => void }) {
  const [asking, setAsking] = useState(false);
  const remove = useDeleteCredential();
  const name = nameOf(credential);
  return (
    <li className={styles["item"]}>
      <div className={styles["main"]}>
        <strong>
          {name} <span className="mono dim">…{credential.hint}</span>
        </strong>
        <small>
          stored <Time at={new Date(credential.created_us / 1000)} />
        </small>
      </div>
      <div className={styles["end"]}>
        <Button variant="subtle" color="gray" onClick={onReplace} aria-label={`Replace the credential of ${name}`}>
          Replace
        </Button>
        <Button color="red" variant="subtle" onClick={() => setAsking(true)} aria-label={`Delete the credential of ${name}`}>
          Delete
        </Button>
      </div>
      <Confirm
        title={`Delete the credential of ${name}?`}
        action={`Delete ${name}`}
        opened={asking}
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setAsking(false)}
        onConfirm={() => remove.mutate(name, { onSuccess: () => done(`The credential of ${name} is deleted.`) })}
      >
        Calls to {name} that bring no key of their own fail from then on. The key ending in {credential.hint} itself stays valid at the provider.
      </Confirm>
    </li>
  );
}
