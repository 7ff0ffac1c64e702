import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { SavedDocument } from "@/api/documents";
import { Icon } from "@/components/Icon";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { writeScope } from "@/state/search";
import styles from "./Menus.module.css";
import { scopeOfView } from "./viewContent";

interface Props {
  views: { data: SavedDocument[] | undefined; error: unknown; refetch: () => unknown };
  current: string;
  onApply: (view: SavedDocument) => void;
  onRename: (view: SavedDocument) => void;
  onShare: (view: SavedDocument) => void;
  onDelete: (view: SavedDocument) => void;
}

export function ViewList(props: Props) {
  return (
    <Loaded query={props.views} skeleton={<RowsSkeleton rows={3} />}>
      {(views) =>
        views.length ? (
          <div className={styles["scroll"]}>
            <Group {...props} title="Yours" rows={views.filter((view) => view.mine)} />
            <Group {...props} title="Shared with you" rows={views.filter((view) => !view.mine)} />
          </div>
        ) : (
          <Empty title="No saved views yet">A view keeps the filter, range, order and columns under a name.</Empty>
        )
      }
    </Loaded>
  );
}

function Group({ title, rows, ...props }: Props & { title: string; rows: SavedDocument[] }) {
  const [deleting, setDeleting] = useState("");
  if (!rows.length) return null;
  return (
    <section className={styles["group"]}>
      <h3>{title}</h3>
      {rows.map((view) => (
        <div key={view.id} className={styles["row"]} data-on={view.id === props.current || undefined}>
          <Link
            to={"/requests" as string}
            search={writeScope(scopeOfView(view)) as never}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              event.preventDefault();
              props.onApply(view);
            }}
          >
            {view.name}
            <small>{[view.mine ? "" : view.owner_name, view.shared && view.mine ? "shared" : "", String(view.content?.["q"] ?? "")].filter(Boolean).join(" · ")}</small>
          </Link>
          {view.may_change && deleting !== view.id && (
            <>
              <ActionIcon size="sm" aria-label={view.shared ? `Stop sharing ${view.name}` : `Share ${view.name}`} title={view.shared ? "Shared: keep it to yourself" : "Share with the organisation"} data-on={view.shared || undefined} onClick={() => props.onShare(view)}>
                <Icon name="users" size={14} />
              </ActionIcon>
              <ActionIcon size="sm" aria-label={`Rename ${view.name}`} title="Rename" onClick={() => props.onRename(view)}>
                <Icon name="edit" size={14} />
              </ActionIcon>
              <ActionIcon size="sm" aria-label={`Delete ${view.name}`} title="Delete" onClick={() => setDeleting(view.id)}>
                <Icon name="trash" size={14} />
              </ActionIcon>
            </>
          )}
          {deleting === view.id && (
            <>
              <button type="button" className={styles["danger"]} onClick={() => props.onDelete(view)}>
                Delete
              </button>
              <button type="button" onClick={() => setDeleting("")}>
                Keep
              </button>
            </>
          )}
        </div>
      ))}
    </section>
  );
}
