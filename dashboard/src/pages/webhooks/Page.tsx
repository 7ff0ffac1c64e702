import { Button } from "@mantine/core";
import { useWebhooks } from "@/api/webhooks";
import { Icon } from "@/components/Icon";
import { ItemList } from "@/components/ItemList";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { VerifySnippet } from "@/components/VerifySnippet";
import { useMay } from "@/state/roles";
import { useScope } from "@/state/search";
import { WebhookForm } from "./WebhookForm";
import { WebhookRow } from "./WebhookRow";
import styles from "./Webhooks.module.css";

/** Which finished calls are sent to programs elsewhere, and how far each of those is. */
export function Page() {
  const [scope, setScope] = useScope();
  const query = useWebhooks();
  const admin = useMay("admin");
  const edit = String(scope["edit"] ?? "");
  const edited = query.data?.find((webhook) => webhook.id === edit);
  const add = admin && (
    <Button variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={() => setScope({ edit: "new" })}>
      New webhook
    </Button>
  );
  return (
    <>
      <PageTop title="Webhooks" beside="finished calls, sent to a program of yours">
        {add}
      </PageTop>
      <PageBody>
        <Panel flush>
          <Loaded query={query} skeleton={<RowsSkeleton rows={4} />}>
            {(found) =>
              found.length ? (
                <ItemList label="Webhooks">
                  {found.map((webhook) => (
                    <WebhookRow key={webhook.id} webhook={webhook} />
                  ))}
                </ItemList>
              ) : (
                <Empty title="No webhook yet" action={add}>
                  A webhook sends each finished call that matches a filter to an address, signed, in the order of arrival, and at least once. A receiver that is away gets them later.{admin ? "" : " An admin can make one."}
                </Empty>
              )
            }
          </Loaded>
        </Panel>
        <Panel title="What a receiver gets">
          <div className={styles["how"]}>
            <ul className={styles["points"]}>
              <li>
                A POST with <code>{'{"type": "call.finished", "timestamp": …, "data": {…}}'}</code>. <code>data</code> is the call, its id is <code>webhook-id</code>.
              </li>
              <li>
                It is signed as <a href="https://www.standardwebhooks.com" target="_blank" rel="noreferrer noopener">Standard Webhooks</a> says: its libraries can check it. <code>Helicone-Signature</code> is there too.
              </li>
              <li>At least once: a receiver may get a call twice, with the same id, and should do nothing the second time.</li>
              <li>Any answer from 200 to 299 is taken as received. After 400, 413, 415 or 422 this one call is passed over, and 410 turns the webhook off. Anything else is tried again, at longer and longer intervals.</li>
              <li>
                One call can ask for it: <code>Helicone-Webhook-Enabled: true</code> sends a call that matches, whatever the share.
              </li>
            </ul>
            <VerifySnippet />
          </div>
        </Panel>
      </PageBody>
      {admin && (edit === "new" || edited) && <WebhookForm key={edit} webhook={edited} onClose={() => setScope({ edit: "" })} />}
    </>
  );
}
