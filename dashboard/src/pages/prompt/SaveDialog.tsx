import { Button, Checkbox, Group, Modal, TextInput, Textarea } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { ApiError } from "@/api/client";
import styles from "./SaveDialog.module.css";

export interface Saving {
  note: string;
  environments: string[];
  /** The newest version that is known; 0 for a new prompt. */
  after: number;
}

interface Props {
  id: string;
  newest: number;
  /** Environments that the prompt has already. */
  environments: Record<string, number>;
  error: unknown;
  isSaving: boolean;
  onSave: (saving: Saving) => void;
  onClose: () => void;
  above?: ReactNode;
}

/** Asks for a message and environments before a version is saved. Where somebody else saved one meanwhile, says so and lets choose. */
export function SaveDialog({ id, newest, environments, error, isSaving, onSave, onClose, above }: Props) {
  const [note, setNote] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const [other, setOther] = useState("");
  const [after] = useState(newest);
  const known = [...new Set(["production", "staging", ...Object.keys(environments)])];
  const isConflict = error instanceof ApiError && error.status === 409 && newest > 0;
  const all = [...chosen, ...(other.trim() ? [other.trim()] : [])];
  return (
    <Modal opened onClose={onClose} title={newest ? `Save version ${newest + 1}` : "Create the prompt"} size="md">
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          onSave({ note, environments: all, after: isConflict ? newest : after });
        }}
      >
        {above}
        <Textarea label="Message" description="What changed and why; it stands in the list of versions" autosize minRows={2} maxRows={6} maxLength={1000} value={note} onChange={(event) => setNote(event.currentTarget.value)} data-autofocus />
        <Checkbox.Group label="Environments that stand for it from now on" value={chosen} onChange={setChosen}>
          <div className={styles["environments"]}>
            {known.map((label) => (
              <Checkbox key={label} value={label} label={environments[label] ? `${label}, now version ${environments[label]}` : label} />
            ))}
            <TextInput aria-label="Another environment" placeholder="another, such as canary" value={other} onChange={(event) => setOther(event.currentTarget.value)} />
          </div>
        </Checkbox.Group>
        {isConflict ? (
          <div className={styles["conflict"]} role="alert">
            <strong>Somebody saved another version meanwhile</strong>
            <p>{error.detail}. Yours is still here and nothing of it is lost.</p>
            <div>
              <Button component={Link} to={"/prompts/$id" as string} params={{ id } as never} search={{ tab: "versions" } as never} target="_blank">
                See what they saved
              </Button>
            </div>
          </div>
        ) : (
          error !== null && (
            <p className={styles["error"]} role="alert">
              {error instanceof ApiError ? error.detail || error.title : String(error)}
            </p>
          )
        )}
        <Group justify="end" gap="xs">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" loading={isSaving}>
            {isConflict ? `Save mine as version ${newest + 1}` : newest ? `Save version ${newest + 1}` : "Create"}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
