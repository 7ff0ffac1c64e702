import { Button, Group, Modal, Select } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePrompt, usePromptChanges, usePrompts } from "@/api/prompts";
import { bodyOf, type Draft } from "@/chat/draft";
import { handOver } from "@/chat/handOver";
import type { Typed } from "@/chat/variables";
import { SaveDialog } from "@/pages/prompt/SaveDialog";
import type { Start } from "./Playground";

interface Props {
  start: Start;
  draft: Draft;
  typed: Typed;
  model: string;
  onClose: () => void;
}

/** Saves what was tried: as a version of a prompt that is there, or as a new one. */
export function SavePrompt({ start, draft, typed, model, onClose }: Props) {
  const navigate = useNavigate();
  const prompts = usePrompts(false);
  const [chosen, setChosen] = useState<string | null>(start.kind === "prompt" ? start.id : null);
  const [isSaving, setSaving] = useState(false);
  const prompt = usePrompt(isSaving ? (chosen ?? "") : "");
  const { save } = usePromptChanges();
  const kept = { ...draft, model: model || draft.model };
  if (isSaving && chosen && prompt.data) {
    const { body } = bodyOf(kept);
    return (
      <SaveDialog
        id={chosen}
        newest={prompt.data.newest}
        environments={prompt.data.labels}
        error={save.error}
        isSaving={save.isPending}
        onClose={onClose}
        onSave={({ note, environments, after }) =>
          save.mutate(
            { id: chosen, body, variables: start.kind === "prompt" && start.id === chosen ? start.variables : [], note, environments, after },
            {
              onSuccess: (made) => {
                onClose();
                notifications.show({
                  message: (
                    <>
                      Version {made.version.version} of{" "}
                      <Link to={"/prompts/$id" as string} params={{ id: chosen } as never}>
                        {made.prompt.name || chosen}
                      </Link>{" "}
                      is saved
                    </>
                  ),
                });
              },
            },
          )
        }
      />
    );
  }
  const faults = Object.values(bodyOf(kept).faults);
  return (
    <Modal opened onClose={onClose} title="Save as prompt">
      <div style={{ display: "grid", gap: 16 }}>
        {faults[0] && <p role="alert" style={{ margin: 0, color: "var(--bad)" }}>A field is wrong: {faults[0].message}.</p>}
        <Select
          label="As a new version of"
          placeholder={prompts.data?.length ? "a prompt" : "no prompt yet"}
          searchable
          data={(prompts.data ?? []).map((each) => ({ value: each.id, label: each.name ? `${each.name} (${each.id})` : each.id }))}
          value={chosen}
          onChange={setChosen}
        />
        <Group justify="end" gap="xs">
          <Button
            disabled={faults.length > 0}
            onClick={() => {
              handOver({ prompt: "", version: 0, draft: kept, variables: start.variables, typed });
              void navigate({ to: "/new-prompt" as string });
            }}
          >
            As a new prompt …
          </Button>
          <Button variant="filled" disabled={!chosen || faults.length > 0} loading={isSaving && prompt.isPending} onClick={() => setSaving(true)}>
            Next
          </Button>
        </Group>
      </div>
    </Modal>
  );
}
