import { Button, Group, Modal } from "@mantine/core";
import { Secret } from "./Secret";
import { VerifySnippet } from "./VerifySnippet";

/** The signing secret of a webhook, shown once, and what a receiver does with it. Only its button closes it. */
export function NewSecret({ name, secret, helicone = false, onClose }: { name: string; secret: string; helicone?: boolean; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} closeOnClickOutside={false} withCloseButton={false} title={`The signing secret of ${name}`} size="lg">
      <div style={{ display: "grid", gap: 16 }}>
        <Secret text={secret} label="Copy the secret">
          Copy it now: it is not shown again. The receiver keeps it as <code>WEBHOOK_SECRET</code>.
        </Secret>
        <VerifySnippet helicone={helicone} />
        <Group justify="flex-end">
          <Button variant="filled" onClick={onClose}>
            Done, I have it
          </Button>
        </Group>
      </div>
    </Modal>
  );
}
