import { Button, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePromptChanges } from "@/api/prompts";
import { takeOver } from "@/chat/handOver";
import { useFilled } from "@/chat/useFilled";
import type { Typed } from "@/chat/variables";
import { PageBody, PageTop } from "@/components/Page";
import { Editor } from "@/pages/prompt/Editor";
import { LeaveDialog } from "@/pages/prompt/LeaveDialog";
import { PromptTitle } from "@/pages/prompt/PromptTitle";
import { SaveDialog } from "@/pages/prompt/SaveDialog";
import { usePromptDraft } from "@/pages/prompt/usePromptDraft";

/** A prompt that is not there yet: written first, named when it is created. */
export function Page() {
  const navigate = useNavigate();
  const [handed] = useState(() => takeOver(""));
  const editing = usePromptDraft(null, handed ? { ...handed, base: 0 } : null);
  const [typed, setTyped] = useState<Typed>(handed?.typed ?? {});
  const [isSaving, setSaving] = useState(false);
  const [name, setName] = useState("");
  const [id, setId] = useState("");
  const filled = useFilled(editing.body, editing.variables, typed);
  const { create } = usePromptChanges();
  const shownId = id || slug(name);
  return (
    <>
      <PageTop title={<PromptTitle name="New prompt" />}>
        <Button variant="filled" disabled={Object.keys(editing.faults).length > 0} onClick={() => setSaving(true)}>
          Create
        </Button>
      </PageTop>
      <PageBody>
        <Editor editing={editing} filled={filled} typed={typed} onTyped={setTyped} readOnly={false} />
      </PageBody>
      {isSaving && (
        <SaveDialog
          id=""
          newest={0}
          environments={{}}
          error={create.error}
          isSaving={create.isPending}
          onClose={() => {
            setSaving(false);
            create.reset();
          }}
          above={
            <>
              <TextInput label="Name" placeholder="Customer support" value={name} onChange={(event) => setName(event.currentTarget.value)} />
              <TextInput
                label="Id"
                description="Programs name the prompt by it; it never changes"
                placeholder={slug(name) || "customer-support"}
                value={id}
                onChange={(event) => setId(event.currentTarget.value)}
              />
            </>
          }
          onSave={({ note, environments }) =>
            create.mutate(
              { id: shownId, name: name.trim(), body: editing.body, variables: editing.variables, note, environments },
              {
                onSuccess: (made) => {
                  notifications.show({ message: `${made.prompt.name || made.prompt.id} is created` });
                  void navigate({ to: "/prompts/$id" as string, params: { id: made.prompt.id } as never, ignoreBlocker: true });
                },
              },
            )
          }
        />
      )}
      <LeaveDialog when={editing.dirty && !create.isSuccess} />
    </>
  );
}

/** A name as an id: customer-support. */
function slug(name: string): string {
  return name
    .normalize("NFD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}
