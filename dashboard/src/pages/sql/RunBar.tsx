import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useEffect, useState, type RefObject } from "react";
import { ApiError } from "@/api/client";
import { useDocumentChanges, type SavedDocument } from "@/api/documents";
import { useMe } from "@/api/me";
import { Icon } from "@/components/Icon";
import { SaveDialog } from "@/components/SaveDialog";
import { duration } from "@/format/numbers";
import { useScope } from "@/state/search";
import type { ResultChart } from "./chartOf";

interface Props {
  running: boolean;
  startedAt: number;
  onRun: () => void;
  onStop: () => void;
  saved: SavedDocument | null;
  text: string;
  changed: boolean;
  chart: ResultChart | null;
  revision: RefObject<number>;
  /** Back to the saved text. */
  onForget: () => void;
}

/** Run, stop, save, share. */
export function RunBar({ running, startedAt, onRun, onStop, saved, text, changed, chart, revision, onForget }: Props) {
  const [, setScope] = useScope();
  const { create, edit, remove } = useDocumentChanges();
  const [dialog, setDialog] = useState<"save" | "rename" | "">("");
  const clipboard = useClipboard({ timeout: 1500 });
  const mayWrite = (useMe().data?.role ?? "viewer") !== "viewer";
  const content = { sql: text, chart: chart as unknown as Record<string, never> };
  const store = async (change: { name?: string; shared?: boolean; content?: typeof content }) => {
    try {
      const stored = await edit.mutateAsync({ id: saved!.id, revision: revision.current, ...change });
      revision.current = stored.revision;
      if (change.content) setScope({ sql: "" }, true);
    } catch (error) {
      const conflict = error instanceof ApiError && error.status === 409;
      notifications.show({ color: "red", title: conflict ? "Not saved: somebody else changed it" : "Not saved", message: `${String(error instanceof Error ? error.message : error)}${conflict ? " Save yours as a new query, or reload the page for theirs; your text stays in this browser." : ""}`, autoClose: 12_000 });
      throw error;
    }
  };
  const saveNew = async (name: string, shared: boolean) => {
    const made = await create.mutateAsync({ kind: "query", name, shared, content });
    if (saved) onForget();
    setScope({ query: made.id, sql: "" });
  };
  const mine = saved?.may_change ?? false;
  return (
    <>
      {saved && (
        <Menu>
          <Menu.Target>
            <ActionIcon aria-label="More about this query">
              <Icon name="down" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => setDialog("save")} disabled={!mayWrite}>
              Save as a new query…
            </Menu.Item>
            <Menu.Item onClick={() => setDialog("rename")} disabled={!mine}>
              Rename or share…
            </Menu.Item>
            <Menu.Item onClick={onForget} disabled={!changed}>
              Back to the saved text
            </Menu.Item>
            <Menu.Item onClick={() => setScope({ query: "", sql: "" })}>Close</Menu.Item>
            <Menu.Divider />
            <Menu.Item
              color="red"
              disabled={!mine}
              onClick={async () => {
                await remove.mutateAsync(saved);
                setScope({ query: "", sql: text.length < 1500 ? text : "" });
                notifications.show({ title: `Deleted: ${saved.name}`, message: "Its text is still in the editor." });
              }}
            >
              Delete
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <Tooltip label={linkHint(saved, text, changed)} multiline maw={280}>
        <Button leftSection={<Icon name={clipboard.copied ? "check" : "link"} size={14} />} onClick={() => clipboard.copy(shareLink(saved, text, changed))} disabled={!text.trim() || (!saved && text.length > 1500)}>
          {clipboard.copied ? "Copied" : "Share"}
        </Button>
      </Tooltip>
      {mayWrite && (
        <Button onClick={() => (saved && mine ? void store({ content }).catch(() => undefined) : setDialog("save"))} disabled={!text.trim() || (!!saved && mine && !changed && sameChart(saved, chart))} loading={edit.isPending}>
          {saved && !mine ? "Save a copy" : "Save"}
        </Button>
      )}
      {running ? (
        <Button color="red" variant="light" onClick={onStop}>
          Stop <Elapsed since={startedAt} />
        </Button>
      ) : (
        <Button variant="filled" onClick={onRun} disabled={!text.trim()} title="Ctrl-Enter">
          Run
        </Button>
      )}
      <SaveDialog opened={dialog === "save"} onClose={() => setDialog("")} what="query" name={saved ? `${saved.name}, copy` : ""} onSave={saveNew} />
      {saved && <SaveDialog opened={dialog === "rename"} onClose={() => setDialog("")} what="query" title="Rename or share" name={saved.name} shared={saved.shared} onSave={(name, shared) => store({ name, shared })} />}
    </>
  );
}

function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 100);
    return () => clearInterval(timer);
  }, []);
  return (
    <span className="num" style={{ marginLeft: 6, minWidth: 44, textAlign: "right" }}>
      {duration(Math.max(0, now - since))}
    </span>
  );
}

function sameChart(saved: SavedDocument, chart: ResultChart | null): boolean {
  return JSON.stringify(saved.content?.["chart"] ?? null) === JSON.stringify(chart);
}

function shareLink(saved: SavedDocument | null, text: string, changed: boolean): string {
  const link = new URL("/sql", location.origin);
  if (saved && !changed) link.searchParams.set("query", saved.id);
  else link.searchParams.set("sql", text);
  return link.href;
}

function linkHint(saved: SavedDocument | null, text: string, changed: boolean): string {
  if (saved && !changed) return saved.shared ? "Copies a link to this query" : "Copies a link to this query. Only you can open it: share it with the organisation first.";
  return text.length > 1500 ? "Too long for a link: save it, and share the saved query" : "Copies a link that holds the text";
}
