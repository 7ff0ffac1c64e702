import { Alert, Button, Group, Modal, TextInput, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useCreateChannel, useEditChannel, type Channel, type ChannelKind } from "@/api/channels";
import { atField, ofForm } from "@/api/problems";
import { Icon } from "@/components/Icon";
import { NewSecret } from "@/components/NewSecret";
import { SchemaFields } from "@/components/SchemaFields";
import { done } from "@/components/toast";
import { configOf, valuesOf } from "@/state/schemaForm";
import styles from "./Channels.module.css";

interface Props {
  /** Undefined for a new one. */
  channel: Channel | undefined;
  kinds: ChannelKind[];
  onClose: () => void;
}

/** Makes or changes a channel; the form is that of its kind. */
export function ChannelForm({ channel, kinds, onClose }: Props) {
  const [kind, setKind] = useState(kinds.find((each) => each.kind === channel?.kind));
  const [secret, setSecret] = useState({ name: "", text: "" });
  if (secret.text) return <NewSecret name={secret.name} secret={secret.text} onClose={onClose} />;
  const title = channel ? `Change ${channel.name}` : kind ? `New channel: ${kind.title}` : "New channel";
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      {kind ? (
        <Fields channel={channel} kind={kind} onBack={channel ? undefined : () => setKind(undefined)} onClose={onClose} onSecret={(name, text) => setSecret({ name, text })} />
      ) : (
        <ul className={styles["kinds"]} aria-label="Kinds of channels">
          {kinds.map((each, index) => (
            <li key={each.kind}>
              <UnstyledButton className={styles["kind"]} data-autofocus={index === 0 || undefined} disabled={!!each.unavailable} onClick={() => setKind(each)}>
                <strong>{each.title}</strong>
                <span>{each.unavailable || each.help}</span>
              </UnstyledButton>
            </li>
          ))}
        </ul>
      )}
    </Modal>
  );
}

function Fields({ channel, kind, onBack, onClose, onSecret }: { channel: Channel | undefined; kind: ChannelKind; onBack: (() => void) | undefined; onClose: () => void; onSecret: (name: string, text: string) => void }) {
  const [name, setName] = useState(channel?.name ?? "");
  const [values, setValues] = useState(() => valuesOf(kind.fields, channel?.config));
  const create = useCreateChannel();
  const edit = useEditChannel();
  const { error } = channel ? edit : create;
  const fault = ofForm(error, "name", ...kind.fields.map((field) => `config.${field.name}`));
  const save = () => {
    const config = configOf(kind.fields, values);
    if (channel) edit.mutate({ id: channel.id, name, config }, { onSuccess: () => (done(`${name} is changed.`), onClose()) });
    else
      create.mutate(
        { kind: kind.kind, name, config },
        {
          onSuccess: (made) => {
            done(`${name} is there. Send it a test.`);
            if (made.secret) onSecret(name, made.secret);
            else onClose();
          },
        },
      );
  };
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <p className={styles["help"]}>{kind.help}</p>
      {fault && (
        <Alert color="red" variant="light" role="alert">
          {fault}
        </Alert>
      )}
      <TextInput label="Name" description="How rules and budgets show it" required withAsterisk={false} maxLength={120} data-autofocus value={name} error={atField(error, "name")} onChange={(event) => setName(event.currentTarget.value)} />
      <SchemaFields fields={kind.fields} values={values} onChange={setValues} error={error} prefix="config" stored={channel?.config} />
      <Group justify="space-between">
        {onBack ? (
          <Button variant="subtle" color="gray" leftSection={<Icon name="left" size={14} />} onClick={onBack}>
            Another kind
          </Button>
        ) : (
          <span />
        )}
        <Group gap="sm">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" loading={create.isPending || edit.isPending}>
            {channel ? "Save" : "Create the channel"}
          </Button>
        </Group>
      </Group>
    </form>
  );
}
