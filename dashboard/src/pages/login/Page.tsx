import { Button, Loader } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useLoginOptions, useSeenLink } from "@/api/login";
import { Failure } from "@/components/States";
import styles from "./Login.module.css";
import { LinkForm, lostLink } from "./LinkForm";
import { LoginForm } from "./LoginForm";
import { keptNext, safeNext } from "./next";

/** Login by password, by the provider, or by a one-time link; then the page that was asked for. */
export function Page() {
  const [asked] = useState(() => new URLSearchParams(location.search));
  const [token, setToken] = useState(asked.get("token") ?? "");
  const next = asked.has("next") ? safeNext(asked.get("next")) : "";
  useEffect(() => {
    document.title = "Log in · Perihelion";
  }, []);
  return (
    <main className={styles["page"]} id="main">
      <div className={styles["brand"]}>
        <img src="/mark.svg" alt="" width={22} height={22} />
        Perihelion
      </div>
      <div className={styles["card"]}>{token ? <ByLink token={token} onGiveUp={() => setToken("")} /> : <ByPassword next={next} />}</div>
      <div className={styles["foot"]}>Your calls stay in this installation.</div>
    </main>
  );
}

function ByPassword({ next }: { next: string }) {
  const options = useLoginOptions();
  const inside = options.data?.entered;
  useEffect(() => {
    if (inside) location.replace(next || keptNext());
  }, [inside, next]);
  if (inside || options.isPending) return <Loader size="sm" aria-label="Loading" />;
  return (
    <LoginForm next={next || "/"} onDone={() => location.replace(next || "/")}>
      <h1>Log in</h1>
      {next && next !== "/" && <p className={styles["lead"]}>You come back to the page that you asked for.</p>}
    </LoginForm>
  );
}

function ByLink({ token, onGiveUp }: { token: string; onGiveUp: () => void }) {
  const link = useSeenLink(token);
  const queries = useQueryClient();
  if (link.error) return <Failure error={link.error} retry={() => void link.refetch()} />;
  if (!link.data) return <Loader size="sm" aria-label="Loading" />;
  if (link.data.state !== "open") {
    const { title, words } = lostLink(link.data);
    return (
      <div className={styles["form"]} role="alert">
        <h1>{title}</h1>
        <p className={styles["lead"]}>{words}</p>
        <Button size="sm" onClick={onGiveUp}>
          Log in with a password
        </Button>
      </div>
    );
  }
  const first = link.data.kind === "setup";
  return (
    <LinkForm
      token={token}
      link={link.data}
      onDone={() => {
        queries.clear();
        location.replace(first ? "/start" : "/");
      }}
    />
  );
}
