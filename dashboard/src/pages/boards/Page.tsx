import { Button } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useDocumentChanges, useDocuments, type SavedDocument } from "@/api/documents";
import { useMe } from "@/api/me";
import { Time } from "@/components/Bits";
import { Icon } from "@/components/Icon";
import { PageBody, PageTop } from "@/components/Page";
import { SaveDialog } from "@/components/SaveDialog";
import { BlockSkeleton, Empty, Loaded } from "@/components/States";
import { asContent, EMPTY_BOARD, readBoard, type Board } from "@/pages/board/content";
import { TEMPLATES } from "@/pages/board/templates";
import { Thumbnail } from "./Thumbnail";
import styles from "./Boards.module.css";

/** All boards: one's own, those that others share, and ready ones. */
export function Page() {
  const boards = useDocuments("board");
  const { create } = useDocumentChanges();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const mayWrite = (useMe().data?.role ?? "viewer") !== "viewer";
  const make = async (name: string, shared: boolean) => {
    const made = await create.mutateAsync({ kind: "board", name, shared, content: asContent({ ...EMPTY_BOARD, since: "7d" }) });
    void navigate({ to: "/boards/$id" as string, params: { id: made.id } as never, search: { since: "7d", open: "1", edit: "1" } as never });
  };
  const button = mayWrite && (
    <Button variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={() => setAsking(true)}>
      New board
    </Button>
  );
  return (
    <>
      <PageTop title="Boards" beside="pages of charts that you or your team put together">
        {button}
      </PageTop>
      <PageBody>
        <Loaded query={boards} skeleton={<CardsSkeleton />}>
          {(documents) =>
            documents.length ? (
              <>
                <Cards heading="Yours" documents={documents.filter((each) => each.mine)} />
                <Cards heading="Shared by others" documents={documents.filter((each) => !each.mine)} />
              </>
            ) : (
              <Empty title="No board yet" action={button}>
                Begin with an empty one, or open one of the ready boards below and save it as yours.
              </Empty>
            )
          }
        </Loaded>
        <section className={styles["group"]}>
          <h2>Ready boards</h2>
          <ul className={styles["cards"]}>
            {TEMPLATES.map((each) => (
              <li key={each.id}>
                <Card to={each.id} name={each.name} board={each.board} about={each.about} />
              </li>
            ))}
          </ul>
        </section>
      </PageBody>
      <SaveDialog opened={asking} onClose={() => setAsking(false)} what="board" title="New board" onSave={make} />
    </>
  );
}

function CardsSkeleton() {
  return (
    <div className={styles["cards"]}>
      {[0, 1, 2].map((each) => (
        <BlockSkeleton key={each} height={172} />
      ))}
    </div>
  );
}

function Cards({ heading, documents }: { heading: string; documents: SavedDocument[] }) {
  if (!documents.length) return null;
  return (
    <section className={styles["group"]}>
      <h2>{heading}</h2>
      <ul className={styles["cards"]}>
        {documents.map((each) => {
          const { board, fault } = readBoard(each.content);
          return (
            <li key={each.id}>
              <Card
                to={each.id}
                name={each.name}
                board={board}
                about={fault || board.note || (board.tiles.length ? `${board.tiles.length} ${board.tiles.length === 1 ? "tile" : "tiles"}` : "Empty so far")}
                foot={
                  <>
                    {each.mine ? (each.shared ? "shared, " : "only you, ") : `by ${each.owner_name || "somebody who is gone"}, `}changed <Time at={new Date(each.changed_us / 1000)} relative />
                  </>
                }
              />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Card({ to, name, board, about, foot }: { to: string; name: string; board: Board; about: string; foot?: React.ReactNode }) {
  return (
    <Link to={"/boards/$id" as string} params={{ id: to } as never} search={{ since: board.since || "24h", until: board.until, q: board.q, open: "1" } as never} className={styles["card"]!}>
      <Thumbnail tiles={board.tiles} />
      <strong>{name}</strong>
      <span>{about}</span>
      {foot && <small>{foot}</small>}
    </Link>
  );
}
