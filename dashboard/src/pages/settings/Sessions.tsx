import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useEndLogin, useEndOthers, useLogins, type OpenLogin } from "@/api/account";
import { useMe } from "@/api/me";
import { Tag, Time } from "@/components/Bits";
import { Confirm } from "@/components/Confirm";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { done, failed } from "@/components/toast";
import { browserOf } from "./agents";
import styles from "./Settings.module.css";

/** Where one is logged in, and how to end it. */
export function Sessions() {
  const me = useMe().data;
  return me?.user ? <OpenSessions /> : <Empty title="You are here by a key, not as a user" action={<Link to={"/login" as string}>Log in</Link>}>A key has no sessions. Log in with an account to see yours.</Empty>;
}

function OpenSessions() {
  const query = useLogins();
  const [asking, setAsking] = useState(false);
  const endOthers = useEndOthers();
  const others = query.data?.data.filter((each) => !each.current).length ?? 0;
  return (
    <Panel
      title="Your sessions"
      sub="each ends by itself after 14 days"
      flush
      actions={
        <Button disabled={!others} onClick={() => setAsking(true)}>
          End all others
        </Button>
      }
    >
      <Loaded query={query} skeleton={<RowsSkeleton rows={3} />}>
        {({ data }) => (
          <ul className={styles["list"]} aria-label="Your sessions" style={{ marginTop: 8 }}>
            {data.map((login) => (
              <SessionRow key={login.id} login={login} />
            ))}
          </ul>
        )}
      </Loaded>
      <Confirm
        title={`End ${others} other ${others === 1 ? "session" : "sessions"}?`}
        action="End all others"
        opened={asking}
        pending={endOthers.isPending}
        error={endOthers.error}
        onClose={() => setAsking(false)}
        onConfirm={() =>
          endOthers.mutate(undefined, {
            onSuccess: ({ ended }) => {
              setAsking(false);
              done(`${ended} ${ended === 1 ? "session" : "sessions"} ended.`);
            },
          })
        }
      >
        Every other browser of yours has to log in again. This one stays.
      </Confirm>
    </Panel>
  );
}

function SessionRow({ login }: { login: OpenLogin }) {
  const end = useEndLogin();
  const what = browserOf(login.agent);
  return (
    <li className={styles["item"]}>
      <div className={styles["main"]}>
        <strong title={login.agent}>
          {what} {login.current && <Tag tone="ok">this one</Tag>}
        </strong>
        <small>
          {login.address || "unknown address"} · {login.organisation} · since <Time at={new Date(login.created_us / 1000)} />
          {login.seen_us > 0 && (
            <>
              , last used <Time at={new Date(login.seen_us / 1000)} relative />
            </>
          )}
        </small>
      </div>
      {!login.current && (
        <Button color="red" variant="subtle" loading={end.isPending} aria-label={`End the session of ${what}`} onClick={() => end.mutate(login.id, { onSuccess: () => done("The session has ended."), onError: (error) => failed("The session was not ended", error) })}>
          End
        </Button>
      )}
    </li>
  );
}
