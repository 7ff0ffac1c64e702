import { ActionIcon, Button, Menu } from "@mantine/core";
import { useState } from "react";
import { useDeleteWebhook, useRotateWebhookSecret, type Webhook } from "@/api/webhooks";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { NewSecret } from "@/components/NewSecret";
import { done } from "@/components/toast";
import { useScope } from "@/state/search";
import { Replay } from "./Replay";

/** What is done seldom with a webhook. */
export function More({ webhook }: { webhook: Webhook }) {
  const [, setScope] = useScope();
  const [asking, setAsking] = useState<"delete" | "rotate" | "replay" | "">("");
  const remove = useDeleteWebhook();
  const rotate = useRotateWebhookSecret();
  const close = () => setAsking("");
  return (
    <>
      <Button onClick={() => setScope({ edit: webhook.id })} aria-label={`Change ${webhook.name}`}>
        Change
      </Button>
      <Menu>
        <Menu.Target>
          <ActionIcon aria-label={`More of ${webhook.name}`}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setAsking("replay")}>Send calls again from a time</Menu.Item>
          <Menu.Item onClick={() => setAsking("rotate")}>Make a new secret</Menu.Item>
          <Menu.Item color="red" onClick={() => setAsking("delete")}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asking === "replay" && <Replay webhook={webhook} onClose={close} />}
      <Confirm title={`Delete the webhook ${webhook.name}?`} action={`Delete ${webhook.name}`} opened={asking === "delete"} pending={remove.isPending} error={remove.error} onClose={close} onConfirm={() => remove.mutate(webhook.id, { onSuccess: () => done(`${webhook.name} is deleted.`) })}>
        Nothing more is sent to it, and its place in the log is forgotten. To stop it for a while, pause it: it goes on where it was.
      </Confirm>
      <Confirm title={`Make a new secret for ${webhook.name}?`} action="Make a new secret" opened={asking === "rotate"} pending={rotate.isPending} error={rotate.error} onClose={close} onConfirm={() => rotate.mutate(webhook.id, { onSuccess: close })}>
        It is shown once. For 24 hours <code>webhook-signature</code> has a signature by each, so that the receiver can change over; <code>Helicone-Signature</code> is by the new one at once.
      </Confirm>
      {rotate.data && <NewSecret name={webhook.name} secret={rotate.data.secret} helicone={webhook.form === "helicone"} onClose={() => rotate.reset()} />}
    </>
  );
}
