import { Button, Group, Menu, Modal, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { ApiError } from "@/api/client";
import { usePromptChanges, type Prompt } from "@/api/prompts";
import { Icon } from "@/components/Icon";
import { inOrder } from "@/pages/prompts/Environments";

type Asked = { label: string; version: number | null };

/** Sets which version an environment stands for: one click, and one to confirm. */
export function EnvironmentMenu({ prompt, version }: { prompt: Prompt; version: number }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const labels = Object.fromEntries(inOrder({ production: 0, staging: 0, ...prompt.labels }));
  return (
    <>
      <Menu>
        <Menu.Target>
          <Button size="compact-xs" variant="subtle" color="gray" rightSection={<Icon name="down" size={12} />} aria-label={`Environments of version ${version}`}>
            Set environment
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {Object.entries(labels).map(([label, now]) =>
            now === version ? (
              <Menu.Item key={label} leftSection={<Icon name="check" size={13} />} onClick={() => setAsked({ label, version: null })}>
                {label}: take it away
              </Menu.Item>
            ) : (
              <Menu.Item key={label} onClick={() => setAsked({ label, version })}>
                {label} {now ? <span className="dim">now v{now}</span> : null}
              </Menu.Item>
            ),
          )}
          <Menu.Divider />
          <Menu.Item onClick={() => setAsked({ label: "", version })}>Another environment …</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked && <Confirm prompt={prompt} asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function Confirm({ prompt, asked, onClose }: { prompt: Prompt; asked: Asked; onClose: () => void }) {
  const changes = usePromptChanges();
  const [name, setName] = useState("");
  const label = asked.label || name.trim();
  const now = prompt.labels[label];
  const change = asked.version === null ? changes.removeEnvironment : changes.setEnvironment;
  const done = () => {
    notifications.show({ message: asked.version === null ? `${label} is taken away` : `${label} stands for version ${asked.version}` });
    onClose();
  };
  const run = () =>
    asked.version === null ? changes.removeEnvironment.mutate({ id: prompt.id, label }, { onSuccess: done }) : changes.setEnvironment.mutate({ id: prompt.id, label, version: asked.version }, { onSuccess: done });
  return (
    <Modal opened onClose={onClose} title={asked.version === null ? `Take ${label} away?` : `${label || "An environment"}: ${now ? `version ${now} → ${asked.version}` : `version ${asked.version}`}`}>
      <form
        style={{ display: "grid", gap: 16 }}
        onSubmit={(event) => {
          event.preventDefault();
          if (label) run();
        }}
      >
        {!asked.label && <TextInput label="Name of the environment" placeholder="canary" value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus />}
        <p style={{ margin: 0 }}>
          {asked.version === null
            ? label === "production"
              ? "Calls that name neither version nor environment get the newest version then. Calls that name production are answered 404."
              : "Calls that name it are answered 404 then."
            : `Calls that name ${label || "it"}${label === "production" ? ", and those that name nothing," : ""} get version ${asked.version} within two seconds.`}
        </p>
        {change.error && (
          <p role="alert" style={{ margin: 0, color: "var(--bad)" }}>
            {change.error instanceof ApiError ? change.error.detail || change.error.title : String(change.error)}
          </p>
        )}
        <Group justify="end" gap="xs">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" loading={change.isPending} disabled={!label} data-autofocus={asked.label ? true : undefined}>
            {asked.version === null ? "Take it away" : `Set ${label || "it"} to version ${asked.version}`}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
