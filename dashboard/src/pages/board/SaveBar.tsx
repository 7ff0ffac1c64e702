import { ActionIcon, Button } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "@/api/client";
import { useDocumentChanges, type SavedDocument } from "@/api/documents";
import { Icon } from "@/components/Icon";
import { SaveDialog } from "@/components/SaveDialog";
import { useScope } from "@/state/search";
import { asContent, type Board } from "./content";
import type { useDraft } from "./useDraft";
import styles from "./SaveBar.module.css";

interface Props {
  id: string;
  name: string;
  saved: SavedDocument | null;
  work: ReturnType<typeof useDraft>;
  savedBoard: Board;
  onDone: () => void;
}

/** Changes that are not saved: undo, discard, save. Says who changed the board meanwhile. */
export function SaveBar({ name, saved, work, savedBoard, onDone }: Props) {
  const [scope] = useScope();
  const navigate = useNavigate();
  const { create, edit } = useDocumentChanges();
  const [problem, setProblem] = useState("");
  const [asking, setAsking] = useState(false);
  const { draft } = work;
  const mine = saved?.may_change ?? false;
  const overtaken = work.changed && saved && saved.revision !== draft.revision ? `${saved.changed_by_name || "Somebody"} changed this board meanwhile. Save yours as a copy, or discard it to see theirs.` : "";
  const save = async () => {
    try {
      const stored = await edit.mutateAsync({ id: saved!.id, revision: draft.revision, content: asContent(draft.board) });
      work.settle(draft.board, stored.revision);
      setProblem("");
      onDone();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : String(error));
    }
  };
  const saveCopy = async (newName: string, shared: boolean) => {
    const made = await create.mutateAsync({ kind: "board", name: newName, shared, content: asContent(draft.board) });
    work.settle(savedBoard, saved?.revision ?? 0);
    onDone();
    void navigate({ to: "/boards/$id" as string, params: { id: made.id } as never, search: { since: scope.since, until: scope.until, q: scope.q, open: "1" } as never });
  };
  return (
    <div className={styles["bar"]} role="status" data-problem={problem || overtaken ? true : undefined} data-quiet={work.changed ? undefined : true}>
      <span className={styles["words"]}>{problem || overtaken || (!work.changed ? "Drag a tile by its grip and size it at its corner, or use the arrow keys on the grip; with Shift they size it." : mine ? "Changes that are not saved" : saved ? "Your changes are only in this browser. This board is not yours: save a copy to keep them." : "Your changes are only in this browser. Save them as a board of your own.")}</span>
      <ActionIcon aria-label="Undo" title="Undo (Ctrl-Z)" onClick={work.back} disabled={!draft.past.length}>
        <Icon name="undo" />
      </ActionIcon>
      <ActionIcon aria-label="Redo" title="Redo (Ctrl-Shift-Z)" onClick={work.again} disabled={!draft.future.length}>
        <Icon name="redo" />
      </ActionIcon>
      <Button
        disabled={!work.changed}
        onClick={() => {
          work.settle(savedBoard, saved?.revision ?? 0);
          setProblem("");
        }}
      >
        Discard
      </Button>
      {mine && !overtaken && !problem ? (
        <Button variant="filled" onClick={() => void save()} disabled={!work.changed} loading={edit.isPending}>
          Save
        </Button>
      ) : (
        <Button variant="filled" onClick={() => setAsking(true)} disabled={!work.changed}>
          {saved ? "Save a copy" : "Save as a board"}
        </Button>
      )}
      <SaveDialog opened={asking} onClose={() => setAsking(false)} what="board" name={saved ? `${name}, copy` : name} onSave={saveCopy} />
    </div>
  );
}
