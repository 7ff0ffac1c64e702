import { Button, Popover } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useDocumentChanges, useDocuments, type DocumentChange, type SavedDocument } from "@/api/documents";
import { Icon } from "@/components/Icon";
import { SaveDialog } from "@/components/SaveDialog";
import { useScope } from "@/state/search";
import { ViewList } from "./ViewList";
import styles from "./Menus.module.css";
import { differs, scopeOfView, viewOfScope } from "./viewContent";

/** Saved views: filter, range, order and columns under a name, one's own or shared with the organisation. */
export function ViewsMenu() {
  const [scope, setScope] = useScope();
  const [open, setOpen] = useState(false);
  const [saving, setSaving] = useState(false);
  const [renaming, setRenaming] = useState<SavedDocument | null>(null);
  const views = useDocuments("view");
  const { create, edit, remove } = useDocumentChanges();
  const current = views.data?.find((view) => view.id === scope["view"]);
  const changed = current !== undefined && differs(scope, current);
  const content = () => ({ ...viewOfScope(scope) }) as Record<string, unknown>;
  const told = (promise: Promise<unknown>, done: string) =>
    promise.then(() => notifications.show({ message: done })).catch((error: Error) => notifications.show({ color: "red", message: error.message }));
  const change = (view: SavedDocument, what: Omit<DocumentChange, "revision">) => edit.mutateAsync({ id: view.id, revision: view.revision, ...what });
  const save = async (name: string, shared: boolean) => {
    const made = await create.mutateAsync({ kind: "view", name, shared, content: content() });
    setScope({ view: made.id }, true);
  };
  return (
    <>
      <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" trapFocus>
        <Popover.Target>
          <Button className={styles["views"] ?? ""} onClick={() => setOpen((before) => !before)} leftSection={<Icon name="star" size={14} />} aria-expanded={open} title={current ? `View: ${current.name}` : "Saved views"}>
            <span className={styles["name"]}>{current ? current.name : "Views"}</span>
            {changed && <span className="dim">&nbsp;· changed</span>}
          </Button>
        </Popover.Target>
        <Popover.Dropdown p={6}>
          <div className={styles["menu"]}>
            <ViewList
              views={views}
              current={current?.id ?? ""}
              onApply={(view) => {
                setOpen(false);
                setScope({ ...scopeOfView(view), call: "", live: "" });
              }}
              onRename={(view) => {
                setOpen(false);
                setRenaming(view);
              }}
              onShare={(view) => void told(change(view, { shared: !view.shared }), view.shared ? `${view.name} is yours alone` : `${view.name} is shared with the organisation`)}
              onDelete={(view) => {
                void told(remove.mutateAsync(view), `${view.name} is deleted`);
                if (view.id === current?.id) setScope({ view: "" }, true);
              }}
            />
            <div className={styles["foot"]}>
              {changed && current.may_change && (
                <Button variant="filled" onClick={() => void told(change(current, { content: content() }), `${current.name} is saved`)}>
                  Save the changes
                </Button>
              )}
              {changed && (
                <Button onClick={() => setScope(scopeOfView(current))} title="Back to the view as it was saved">
                  Undo
                </Button>
              )}
              <Button
                onClick={() => {
                  setOpen(false);
                  setSaving(true);
                }}
              >
                Save as a new view …
              </Button>
            </div>
          </div>
        </Popover.Dropdown>
      </Popover>
      <SaveDialog opened={saving} onClose={() => setSaving(false)} what="view" onSave={save} />
      <SaveDialog
        opened={renaming !== null}
        onClose={() => setRenaming(null)}
        what="view"
        title="Rename or share"
        name={renaming?.name ?? ""}
        shared={renaming?.shared ?? false}
        onSave={(name, shared) => change(renaming!, { name, shared })}
      />
    </>
  );
}
