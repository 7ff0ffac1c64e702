import { Button, Switch } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useKeys, useRevokeKey, type Key } from "@/api/keys";
import { Tag, Time } from "@/components/Bits";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { done } from "@/components/toast";
import { readPolicies, wordsOf } from "@/format/policies";
import { addCondition, useScope } from "@/state/search";
import { EditKey } from "./EditKey";
import { NewKey } from "./NewKey";
import styles from "./Settings.module.css";

/** API keys: made here, shown once, limited, revoked. */
export function Keys() {
  const query = useKeys();
  const [scope, setScope] = useScope();
  const all = scope["gone"] === "1";
  const creating = scope["new"] === "1";
  const keys = query.data?.pages.flatMap((page) => page.data) ?? [];
  const shown = all ? keys : keys.filter(isLive);
  const gone = keys.length - keys.filter(isLive).length;
  return (
    <>
      {creating && <NewKey onClose={() => setScope({ new: "" }, true)} />}
      <Panel
        title="API keys"
        sub={query.data ? `${keys.length - gone} in use` : ""}
        flush
        actions={
          <>
            {gone > 0 && <Switch size="xs" label={`Revoked and expired (${gone})`} checked={all} onChange={(event) => setScope({ gone: event.currentTarget.checked ? "1" : "" }, true)} />}
            {!creating && (
              <Button variant="filled" leftSection={<Icon name="plus" size={13} />} onClick={() => setScope({ new: "1" }, true)}>
                New key
              </Button>
            )}
          </>
        }
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
              <Empty title="No keys yet">A key says in the log who calls, and can carry limits.</Empty>
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

/** What a key is limited to, in words; as it is written where it has no words. */
function limitsOf(policy: string): string {
  return readPolicies(policy).map(wordsOf).join(" and ") || policy;
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
          created <Time at={new Date(key.created_us / 1000)} />
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
              , <span title={key.policy}>{limitsOf(key.policy)}</span>
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
            <Button variant="subtle" color="gray" onClick={() => setEditing(true)} aria-label={`Edit ${key.name}`}>
              Edit
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
