import { Alert, Button, Group, Modal } from "@mantine/core";
import { useState } from "react";
import { useEditKey, type Key } from "@/api/keys";
import { ofForm } from "@/api/problems";
import { done } from "@/components/toast";
import { KeyFields } from "./KeyFields";

/** Changes name, scopes or limits of a key; its text stays. */
export function EditKey({ apiKey: key, onClose }: { apiKey: Key; onClose: () => void }) {
  const [values, setValues] = useState({ name: key.name, scopes: key.scopes, policy: key.policy });
  const edit = useEditKey();
  const fault = ofForm(edit.error, "name", "scopes", "policy");
  return (
    <Modal opened onClose={onClose} title={`Edit ${key.name}`} size="lg">
      <form
        style={{ display: "grid", gap: 16 }}
        onSubmit={(event) => {
          event.preventDefault();
          edit.mutate(
            { id: key.id, ...values },
            {
              onSuccess: () => {
                done(`${values.name} is changed. Gateways know within two seconds.`);
                onClose();
              },
            },
          );
        }}
      >
        {fault && (
          <Alert color="red" variant="light" role="alert">
            {fault}
          </Alert>
        )}
        <KeyFields values={values} onChange={setValues} error={edit.error} />
        <Group justify="flex-end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" loading={edit.isPending}>
            Save
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
