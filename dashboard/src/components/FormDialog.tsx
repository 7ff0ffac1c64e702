import { Alert, Button, Group, Modal, type MantineSize } from "@mantine/core";
import type { ReactNode } from "react";
import styles from "./FormDialog.module.css";

interface Props {
  title: string;
  size?: MantineSize;
  /** What is wrong with the whole, and not with one field. */
  fault: string | null | undefined;
  /** The word of the button that saves. */
  action: string;
  saving: boolean;
  /** False: there is nothing that could be saved. */
  ready?: boolean;
  onSave: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A dialog with the fields of something that is made or changed. */
export function FormDialog({ title, size = "md", fault, action, saving, ready = true, onSave, onClose, children }: Props) {
  return (
    <Modal opened onClose={onClose} title={title} size={size}>
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          onSave();
        }}
      >
        {fault && (
          <Alert color="red" variant="light" role="alert">
            {fault}
          </Alert>
        )}
        {children}
        <Group justify="flex-end" gap="sm">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" disabled={!ready} loading={saving}>
            {action}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
