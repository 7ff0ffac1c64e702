import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useChangePassword, useSetName } from "@/api/account";
import { useMe } from "@/api/me";
import { atField, ofForm } from "@/api/problems";
import type { components } from "@/api/schema";
import { Panel } from "@/components/Page";
import { Empty } from "@/components/States";
import { done } from "@/components/toast";
import styles from "./Settings.module.css";

/** The own name and password. */
export function Account() {
  const me = useMe().data;
  if (!me) return null;
  if (!me.user) {
    return <Empty title="You are here by a key, not as a user" action={<Link to={"/login" as string}>Log in</Link>}>Name, password and sessions belong to users. Log in with an account to see yours.</Empty>;
  }
  return (
    <>
      <Panel title="You">
        <NameForm me={me} />
      </Panel>
      <Panel title="Password" sub={me.has_password ? "a change ends all your other sessions" : ""}>
        {me.has_password ? <PasswordForm email={me.email ?? ""} /> : <p style={{ margin: 0 }}>You log in through your identity provider, and have no password here. An admin can make a link that sets one.</p>}
      </Panel>
    </>
  );
}

function NameForm({ me }: { me: components["schemas"]["Me"] }) {
  const [name, setName] = useState(me.name ?? "");
  const save = useSetName();
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(name, { onSuccess: () => done("Your name is saved.") });
      }}
    >
      <TextInput label="Name" autoComplete="name" maxLength={120} value={name} error={atField(save.error, "name") || ofForm(save.error, "name")} onChange={(event) => setName(event.currentTarget.value)} />
      <dl className={styles["facts"]}>
        <dt>E-mail</dt>
        <dd>{me.email}</dd>
        <dt>Role in this organisation</dt>
        <dd>{me.role}</dd>
      </dl>
      <div>
        <Button type="submit" variant="filled" disabled={name === me.name} loading={save.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}

function PasswordForm({ email }: { email: string }) {
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const change = useChangePassword();
  const fault = ofForm(change.error, "current", "new");
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate(
          { current, new: fresh },
          {
            onSuccess: ({ ended }) => {
              setCurrent("");
              setFresh("");
              done(`Your password is changed. ${ended ? `${ended} other ${ended === 1 ? "session" : "sessions"} ended.` : "There were no other sessions."}`);
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
      <input type="hidden" autoComplete="username" value={email} readOnly />
      <PasswordInput label="Current password" autoComplete="current-password" required value={current} error={atField(change.error, "current") && "This is not your password."} onChange={(event) => setCurrent(event.currentTarget.value)} />
      <PasswordInput label="New password" description="10 characters or more" autoComplete="new-password" required value={fresh} error={atField(change.error, "new")} onChange={(event) => setFresh(event.currentTarget.value)} />
      <div>
        <Button type="submit" variant="filled" loading={change.isPending}>
          Change the password
        </Button>
      </div>
    </form>
  );
}
