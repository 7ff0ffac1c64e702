import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useUseLink, type SeenLink } from "@/api/login";
import { atField, ofForm } from "@/api/problems";
import styles from "./Login.module.css";

const TITLES: Record<string, string> = { setup: "Welcome to Perihelion", password: "Choose a new password" };

/** What a one-time link asks for: who one is, and a password. */
export function LinkForm({ token, link, onDone }: { token: string; link: SeenLink; onDone: () => void }) {
  const [email, setEmail] = useState(link.email ?? "");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const use = useUseLink();
  const known = link.kind === "invitation" && link.known;
  const named = link.kind !== "password" && !known;
  const fault = ofForm(use.error, "email", "name", "password");
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        use.mutate({ token, email, name: named ? name : "", password }, { onSuccess: onDone });
      }}
    >
      <h1>{TITLES[link.kind ?? ""] ?? `Join ${link.organisation}`}</h1>
      <p className={styles["lead"]}>{leadOf(link)}</p>
      {fault && (
        <Alert color="red" variant="light" role="alert">
          {fault}
        </Alert>
      )}
      {named && (
        <TextInput size="sm" label="Your name" autoComplete="name" autoFocus value={name} maxLength={120} error={atField(use.error, "name")} onChange={(event) => setName(event.currentTarget.value)} />
      )}
      <TextInput
        size="sm"
        label="E-mail"
        type="email"
        autoComplete="username"
        required
       
        readOnly={!!link.email}
        {...(link.email ? { description: "As in the link" } : {})}
        value={email}
        error={atField(use.error, "email")}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        size="sm"
        label={known ? "Your password" : "New password"}
        {...(known ? {} : { description: "10 characters or more" })}
        autoComplete={known ? "current-password" : "new-password"}
        required
       
        autoFocus={!named}
        value={password}
        error={atField(use.error, "password")}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Button type="submit" size="sm" variant="filled" loading={use.isPending}>
        {link.kind === "setup" ? "Create my account" : link.kind === "password" ? "Set the password and log in" : "Join"}
      </Button>
    </form>
  );
}

function leadOf(link: SeenLink): string {
  if (link.kind === "setup") return "You are the first here, and own this installation. The account stays on this machine.";
  if (link.kind === "password") return "All other sessions of this account end with it.";
  const role = `You are invited as ${link.role}.`;
  return link.known ? `${role} You have an account here already: accept with its password.` : role;
}

/** Why a link leads nowhere, and what to do. */
export function lostLink(link: SeenLink): { title: string; words: string } {
  if (link.state === "used") return { title: "This link was used already", words: link.kind === "password" ? "The password was set. Log in with it, or ask for another link." : "A link works once. If it was you, log in with the password that you chose." };
  if (link.state === "expired") {
    const again = link.kind === "setup" ? "Restart the control plane: it prints a new one." : "Ask the admin who sent it for a new one.";
    return { title: "This link has expired", words: again };
  }
  return { title: "This link is not known", words: "It may be incomplete, withdrawn, or replaced by a newer one. Copy it whole, or ask for another." };
}
