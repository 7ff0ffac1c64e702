import { Button, Switch } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useKeys, useRevokeKey, type Key } from "@/api/keys";
import { Tag, Time } from "@/components/Bits";
import { Confirm } from "@/components/Confirm";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { done } from "@/components/toast";
import { addCondition, useScope } from "@/state/search";
import { EditKey } from "./EditKey";
import { NewKey } from "./NewKey";
import styles from "./Settings.module.css";

/** API keys: made here, shown once, limited, revoked. */
export function Keys() {
  const query = useKeys();
  const [scope, setScope] = useScope();
  const all = scope["gone"] === "1";
  const keys = query.data?.pages.flatMap((page) => page.data) ?? [];
  const shown = all ? keys : keys.filter(isLive);
  const gone = keys.length - keys.filter(isLive).length;
  return (
    <>
      <NewKey />
      <Panel
        title="API keys"
        sub={`${keys.length - gone} in use`}
        flush
        actions={gone > 0 && <Switch size="xs" label={`Revoked and expired (${gone})`} checked={all} onChange={(event) => setScope({ gone: event.currentTarget.checked ? "1" : "" }, true)} />}
      >
        <Loaded query={query} skeleton={<RowsSkeleton rows={4} />}>
          {() =>
            shown.length ? (
              <ul className={styles["list"]} aria-label="API keys" style={{ marginTop: 8 }}>
                {shown.map((key) => (
                  <KeyRow key={key.id} apiKey={key} />
                ))}
              </ul>
            ) : (
              <Empty title="No keys yet">A key says who calls, and can carry limits. Make one above.</Empty>
            )
          }
        </Loaded>
        {query.hasNextPage && (
          <div style={{ padding: 16 }}>
            <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              Show more
            </Button>
          </div>
        )}
      </Panel>
    </>
  );
}

function isLive(key: Key): boolean {
  return !key.revoked_us && (!key.expires_us || key.expires_us / 1000 > Date.now());
}

function KeyRow({ apiKey: key }: { apiKey: Key }) {
  const [asking, setAsking] = useState(false);
  const [editing, setEditing] = useState(false);
  const revoke = useRevokeKey();
  const live = isLive(key);
  return (
    <li className={`${styles["item"]} ${live ? "" : styles["gone"]}`}>
      <div className={styles["main"]}>
        <strong>
          {key.name} <span className="mono dim">…{key.hint}</span>{" "}
          {key.scopes.map((scope) => (
            <Tag key={scope}>{scope}</Tag>
          ))}{" "}
          {key.revoked_us > 0 && <Tag tone="bad">revoked</Tag>}
          {!live && !key.revoked_us && <Tag tone="warn">expired</Tag>}
        </strong>
        <small>
          made <Time at={new Date(key.created_us / 1000)} />
          {key.last_used_us ? (
            <>
              , last used <Time at={new Date(key.last_used_us / 1000)} relative />
            </>
          ) : (
            ", never used"
          )}
          {key.expires_us > 0 && live && (
            <>
              , expires <Time at={new Date(key.expires_us / 1000)} />
            </>
          )}
          {key.policy && (
            <>
              , limits <span className="mono">{key.policy}</span>
            </>
          )}
        </small>
      </div>
      <div className={styles["end"]}>
        <Button variant="subtle" color="gray" component={Link} to={"/requests" as string} search={{ q: addCondition("", "key", key.id) } as never} aria-label={`Calls of ${key.name}`}>
          Calls
        </Button>
        {live && (
          <>
            <Button onClick={() => setEditing(true)} aria-label={`Change ${key.name}`}>
              Change
            </Button>
            <Button color="red" variant="subtle" onClick={() => setAsking(true)} aria-label={`Revoke ${key.name}`}>
              Revoke
            </Button>
          </>
        )}
      </div>
      {editing && <EditKey apiKey={key} onClose={() => setEditing(false)} />}
      <Confirm
        title={`Revoke the key ${key.name}?`}
        action={`Revoke ${key.name}`}
        opened={asking}
        pending={revoke.isPending}
        error={revoke.error}
        onClose={() => setAsking(false)}
        onConfirm={() =>
          revoke.mutate(key.id, {
            onSuccess: () => {
              setAsking(false);
              done(`${key.name} is revoked.`);
            },
          })
        }
      >
        Gateways refuse it within two seconds, for good. Programs that use the key ending in {key.hint} stop working{key.last_used_us ? "; it was used " : "; it was never used"}
        {key.last_used_us ? <Time at={new Date(key.last_used_us / 1000)} relative /> : ""}.
      </Confirm>
    </li>
  );
}
