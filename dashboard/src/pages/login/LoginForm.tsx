import { Alert, Anchor, Button, Divider, PasswordInput, TextInput } from "@mantine/core";
import { useEffect, useState, type ReactNode } from "react";
import { ApiError } from "@/api/client";
import { useLogIn, useLoginOptions } from "@/api/login";
import type { components } from "@/api/schema";
import { ofForm, waitSeconds } from "@/api/problems";
import styles from "./Login.module.css";
import { keepNext } from "./next";

interface Props {
  /** Where the provider's login shall lead in the end. */
  next: string;
  onDone: (me: components["schemas"]["Me"]) => void;
  email?: string;
  children?: ReactNode;
}

/** E-mail and password, and the provider's button where there is one. */
export function LoginForm({ next, onDone, email: known = "", children }: Props) {
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState("");
  const [forgotten, setForgotten] = useState(false);
  const options = useLoginOptions();
  const logIn = useLogIn();
  const wait = useCountdown(waitSeconds(logIn.error), logIn.failureReason);
  const wrong = logIn.error instanceof ApiError && logIn.error.status === 401;
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (wait === 0) logIn.mutate({ email, password }, { onSuccess: onDone });
      }}
    >
      {children}
      {logIn.error && (
        <Alert color="red" variant="light" role="alert">
          {wait > 0 ? `Too many attempts. Try again in ${wait} s.` : wrong ? "This e-mail and password do not fit together." : waitSeconds(logIn.error) ? "Try again now." : ofForm(logIn.error)}
        </Alert>
      )}
      <TextInput size="sm" label="E-mail" type="email" autoComplete="username" required data-autofocus autoFocus={!known} value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
      <PasswordInput size="sm" label="Password" autoComplete="current-password" required autoFocus={!!known} value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
      <Button type="submit" size="sm" variant="filled" loading={logIn.isPending} disabled={wait > 0}>
        Log in
      </Button>
      {options.data?.oidc && (
        <>
          <Divider label="or" />
          <Button component="a" size="sm" href="/api/oidc/login" onClick={() => keepNext(next)}>
            Log in with {options.data.oidc}
          </Button>
        </>
      )}
      <Anchor component="button" type="button" className={styles["quiet"]!} onClick={() => setForgotten((before) => !before)} aria-expanded={forgotten}>
        Forgot your password?
      </Anchor>
      {forgotten && (
        <p className={styles["hint"]}>
          An admin of your organisation can make a link for a new one, under Settings, Members. Whoever runs this installation can too: <code>perihelion users reset {email || "you@example.com"}</code>
        </p>
      )}
    </form>
  );
}

/** Seconds left of `seconds`, which begin again with each new `cause`. */
function useCountdown(seconds: number, cause: unknown): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    setLeft(seconds);
    if (!seconds) return;
    const until = Date.now() + seconds * 1000;
    const clock = setInterval(() => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000))), 250);
    return () => clearInterval(clock);
  }, [seconds, cause]);
  return left;
}
