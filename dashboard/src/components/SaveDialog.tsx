import { Button, Checkbox, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { ApiError } from "@/api/client";

interface Props {
  opened: boolean;
  onClose: () => void;
  /** "query", "board", "view". */
  what: string;
  name?: string;
  shared?: boolean;
  title?: string;
  /** Rejects with the API's error, which is shown. */
  onSave: (name: string, shared: boolean) => Promise<unknown>;
}

/** Asks for the name of something to save, and whether the organisation sees it. */
export function SaveDialog({ opened, onClose, what, name = "", shared = false, title, onSave }: Props) {
  const [text, setText] = useState(name);
  const [all, setAll] = useState(shared);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (!opened) return;
    setText(name);
    setAll(shared);
    setProblem("");
  }, [opened, name, shared]);
  const save = async () => {
    setBusy(true);
    try {
      await onSave(text.trim(), all);
      onClose();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <Modal opened={opened} onClose={onClose} title={title ?? `Save ${what}`} size="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Stack gap="md">
          <TextInput label="Name" value={text} onChange={(event) => setText(event.currentTarget.value)} maxLength={120} required data-autofocus error={problem || undefined} />
          <Checkbox size="xs" label="Share with the whole organisation" description={`Others can open it; only you and admins can change it.`} checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />
          <Group justify="flex-end" gap="sm">
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="filled" loading={busy} disabled={!text.trim()}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
