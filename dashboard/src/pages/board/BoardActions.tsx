import { ActionIcon, Button, Menu } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useDocumentChanges, type SavedDocument } from "@/api/documents";
import { useMe } from "@/api/me";
import { Icon } from "@/components/Icon";
import { SaveDialog } from "@/components/SaveDialog";
import { useScope } from "@/state/search";
import { asContent, type Board } from "./content";

interface Props {
  id: string;
  name: string;
  saved: SavedDocument | null;
  board: Board;
  editing: boolean;
  onEditing: (editing: boolean) => void;
  onAdd: () => void;
}

/** Edit, add, share, rename, copy and delete a board. */
export function BoardActions({ id, name, saved, board, editing, onEditing, onAdd }: Props) {
  const [scope] = useScope();
  const navigate = useNavigate();
  const { create, edit, remove } = useDocumentChanges();
  const clipboard = useClipboard({ timeout: 1500 });
  const [dialog, setDialog] = useState<"copy" | "rename" | "">("");
  const mayWrite = (useMe().data?.role ?? "viewer") !== "viewer";
  const mine = saved?.may_change ?? false;
  const say = (title: string, error: unknown) => notifications.show({ color: "red", title, message: error instanceof Error ? error.message : String(error), autoClose: 10_000 });
  const copy = async (newName: string, shared: boolean) => {
    const made = await create.mutateAsync({ kind: "board", name: newName, shared, content: asContent(board) });
    localStorage.removeItem(`perihelion:board:${made.owner}:${id}`);
    void navigate({ to: "/boards/$id" as string, params: { id: made.id } as never, search: { since: scope.since, until: scope.until, q: scope.q, open: "1" } as never });
  };
  return (
    <>
      {editing ? (
        <>
          <Button onClick={onAdd} leftSection={<Icon name="plus" size={14} />}>
            Add a tile
          </Button>
          <Button onClick={() => onEditing(false)}>Done</Button>
        </>
      ) : (
        mayWrite && (
          <Button onClick={() => onEditing(true)} leftSection={<Icon name="edit" size={14} />}>
            Edit
          </Button>
        )
      )}
      <Menu>
        <Menu.Target>
          <ActionIcon aria-label="More about this board">
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => clipboard.copy(location.href)} leftSection={<Icon name={clipboard.copied ? "check" : "link"} size={14} />}>
            Copy the link, with range and filter
          </Menu.Item>
          {saved && !saved.shared && <Menu.Label>Only you can open it: share it first</Menu.Label>}
          {mayWrite && <Menu.Item onClick={() => setDialog("copy")}>{saved ? "Save as a new board…" : "Save as a board…"}</Menu.Item>}
          {saved && mine && (
            <>
              <Menu.Item onClick={() => setDialog("rename")}>Rename or share…</Menu.Item>
              <Menu.Item onClick={() => void edit.mutateAsync({ id, revision: saved.revision, content: asContent({ ...board, since: scope.since, until: scope.until, q: scope.q }) }).then(() => notifications.show({ message: "The board opens with this range and filter from now on." }), (error: unknown) => say("Not saved", error))}>
                Open with this range and filter
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item
                color="red"
                onClick={() =>
                  void remove.mutateAsync(saved).then(
                    () => {
                      notifications.show({ title: `Deleted: ${saved.name}`, message: "" });
                      void navigate({ to: "/boards" as string });
                    },
                    (error: unknown) => say("Not deleted", error),
                  )
                }
              >
                Delete
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <SaveDialog opened={dialog === "copy"} onClose={() => setDialog("")} what="board" name={saved ? `${name}, copy` : name} onSave={copy} />
      {saved && <SaveDialog opened={dialog === "rename"} onClose={() => setDialog("")} what="board" title="Rename or share" name={saved.name} shared={saved.shared} onSave={(newName, shared) => edit.mutateAsync({ id, revision: saved.revision, name: newName, shared })} />}
    </>
  );
}
