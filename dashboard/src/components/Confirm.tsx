import { Alert, Button, Group, Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { ofForm } from "@/api/problems";

interface Props {
  /** A question that names the thing: Revoke the key "search"? */
  title: string;
  /** What it does, and whether it can be undone. */
  children: ReactNode;
  /** The button: the verb, and the name again. */
  action: string;
  opened: boolean;
  /** Whether nothing is gone by it: the button has no red. */
  harmless?: boolean;
  pending?: boolean;
  error?: unknown;
  onClose: () => void;
  onConfirm: () => void;
}

/** Asks before something is gone. The first button is the harmless one. */
export function Confirm({ title, children, action, opened, harmless = false, pending = false, error, onClose, onConfirm }: Props) {
  const fault = ofForm(error);
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="sm">
      <div style={{ display: "grid", gap: 16 }}>
        <div style={{ color: "var(--ink-2)" }}>{children}</div>
        {fault && (
          <Alert color="red" variant="light" role="alert">
            {fault}
          </Alert>
        )}
        <Group justify="flex-end" gap="sm">
          <Button onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button {...(harmless ? {} : { color: "red" })} variant="filled" loading={pending} onClick={onConfirm}>
            {action}
          </Button>
        </Group>
      </div>
    </Modal>
  );
}
