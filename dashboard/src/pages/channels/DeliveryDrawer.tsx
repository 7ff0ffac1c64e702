import { Button, Drawer } from "@mantine/core";
import { useDelivery, useSendAgain } from "@/api/deliveries";
import { Copy, Tag, Time } from "@/components/Bits";
import { Snippet } from "@/components/Snippet";
import { Loaded, RowsSkeleton } from "@/components/States";
import { done, failed } from "@/components/toast";
import { count } from "@/format/numbers";
import { useMay } from "@/state/roles";
import styles from "./Channels.module.css";
import { stateOf } from "./deliveryWords";

/** One delivery: how it went, what it says, and a button that sends it again. */
export function DeliveryDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useDelivery(id);
  const send = useSendAgain();
  const admin = useMay("admin");
  const state = query.data && stateOf(query.data);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="min(640px, 100vw)"
      transitionProps={{ duration: 0 }}
      title={
        <span style={{ display: "flex", gap: 8, alignItems: "center", fontWeight: 600 }}>
          Delivery {state && <Tag {...(state.tone ? { tone: state.tone } : {})}>{state.word}</Tag>}
        </span>
      }
    >
      <Loaded query={query} skeleton={<RowsSkeleton rows={8} />}>
        {(one) => (
          <div className={styles["drawer"]}>
            <div>
              <h3>{one.title}</h3>
              {one.notification.summary && <div>{one.notification.summary}</div>}
              {one.notification.description && <div className="dim">{one.notification.description}</div>}
            </div>
            {one.error && <pre className={styles["error"]}>{one.error}</pre>}
            <dl className={styles["facts"]}>
              <dt>Channel</dt>
              <dd>{one.channel_name}</dd>
              <dt>Attempts</dt>
              <dd>
                {count(one.attempts)}
                {one.status ? `, the last was answered ${one.status}` : one.attempts ? ", the last had no answer" : ""}
              </dd>
              <dt>Made</dt>
              <dd>
                <Time at={new Date(one.created_us / 1000)} />
              </dd>
              {one.next_us > 0 && (
                <>
                  <dt>Next try</dt>
                  <dd>{one.next_us / 1000 <= Date.now() ? "now" : <Time at={new Date(one.next_us / 1000)} />}</dd>
                </>
              )}
              {one.ended_us > 0 && (
                <>
                  <dt>{one.state === "sent" ? "Arrived" : "Given up"}</dt>
                  <dd>
                    <Time at={new Date(one.ended_us / 1000)} />
                  </dd>
                </>
              )}
              <dt>Id</dt>
              <dd className={styles["id"]}>
                <span className="mono">{one.notification.id}</span> <Copy text={one.notification.id} label="Copy the id" />
              </dd>
            </dl>
            {admin && (
              <div className={styles["tools"]}>
                <Button
                  variant="filled"
                  loading={send.isPending}
                  onClick={() => send.mutate(one.id, { onSuccess: () => done(`${one.title} is sent again.`), onError: (error) => failed("It is not sent again", error) })}
                >
                  {one.state === "waiting" ? "Try now" : "Send again"}
                </Button>
                <span className="dim">Under the same id: a receiver that knows it does nothing twice.</span>
              </div>
            )}
            <div>
              <h3>The notification</h3>
              <Snippet text={JSON.stringify(one.notification, null, 2)} what="The notification as JSON" copyLabel="Copy the JSON" />
            </div>
          </div>
        )}
      </Loaded>
    </Drawer>
  );
}
