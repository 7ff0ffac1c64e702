import { Button } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import type { SavedDocument } from "@/api/documents";
import { useMetrics } from "@/api/metrics";
import { FilterBar } from "@/components/FilterBar";
import { PageBody, PageTop } from "@/components/Page";
import { Empty } from "@/components/States";
import { TimeRange } from "@/components/TimeRange";
import { useScope } from "@/state/search";
import { BoardActions } from "./BoardActions";
import { BoardGrid } from "./BoardGrid";
import { BoardTitle } from "./BoardTitle";
import { newId, newTile, type ReadBoard, type Tile } from "./content";
import { same } from "./draft";
import { compact, freePlace } from "./layout";
import { SaveBar } from "./SaveBar";
import { TileForm } from "./TileForm";
import { useDraft } from "./useDraft";

interface Props {
  id: string;
  org: string;
  name: string;
  saved: SavedDocument | null;
  read: ReadBoard;
}

/** A board with its range and filter in the URL. Changes are a draft until they are saved. */
export function BoardView({ id, org, name, saved, read }: Props) {
  const [scope, setScope] = useScope();
  const [editing, setEditing] = useState(scope["edit"] === "1");
  const [form, setForm] = useState<{ tile: Tile; isNew: boolean } | null>(null);
  const work = useDraft(`perihelion:board:${org}:${id}`, read.board, saved?.revision ?? 0);
  const { board } = work.draft;
  // The saved board may be changed elsewhere; without changes of one's own it is taken.
  const revision = saved?.revision ?? 0;
  useEffect(() => {
    if (!work.changed && !same(work.draft.board, read.board)) work.settle(read.board, revision);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [read.board, revision]);
  // A board opens with its own range and filter; from then on the URL holds them.
  useEffect(() => {
    if (scope["open"] === "1") return;
    const own = location.search ? {} : { since: board.since, until: board.until, q: board.q };
    setScope({ ...own, open: "1" }, true);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  const faults = useMemo(() => Object.fromEntries(Object.entries(read.faults).filter(([tile]) => untouched(read, board.tiles, tile))), [read, board.tiles]);

  const checked = useMetrics({ measures: ["calls"] }, scope.q !== ""); // says what is wrong with the filter

  const setTiles = (tiles: Tile[]) => work.change({ ...board, tiles });
  const done = (tile: Tile) => {
    const isNew = form?.isNew ?? false;
    setTiles(isNew ? compact([...board.tiles, { ...tile, ...freePlace(board.tiles, tile.w, tile.h) }]) : board.tiles.map((each) => (each.id === tile.id ? tile : each)));
    setForm(null);
    if (isNew) requestAnimationFrame(() => document.querySelector(`[aria-label="${CSS.escape(tile.title)}"]`)?.scrollIntoView({ block: "nearest" }));
  };
  const add = () => {
    setEditing(true);
    setForm({ tile: newTile("line"), isNew: true });
  };
  return (
    <>
      <PageTop title={<BoardTitle name={name} saved={saved} />} beside={board.note}>
        <BoardActions id={id} name={name} saved={saved} board={board} editing={editing} onEditing={setEditing} onAdd={add} />
        <TimeRange />
      </PageTop>
      <PageBody>
        <FilterBar error={checked.error} />
        {(work.changed || editing) && <SaveBar id={id} name={name} saved={saved} work={work} savedBoard={read.board} onDone={() => setEditing(false)} />}
        {read.fault ? (
          <Empty title="This board cannot be read">{read.fault} It was written by hand, or by another version. Delete it, or add tiles and save it anew.</Empty>
        ) : (
          board.tiles.length === 0 && (
            <Empty title="An empty board" action={<Button onClick={add}>Add a tile</Button>}>
              A tile is a chart, a number, a list or a table of figures of your calls.
            </Empty>
          )
        )}
        <BoardGrid
          tiles={board.tiles}
          faults={faults}
          scope={scope}
          editing={editing}
          chosen={form?.tile.id ?? ""}
          onChange={setTiles}
          onEdit={(tile) => setForm({ tile, isNew: false })}
          onDuplicate={(tile) => setTiles(compact([...board.tiles, { ...tile, id: newId(), ...freePlace(board.tiles, tile.w, tile.h) }]))}
          onRemove={(tile) => setTiles(compact(board.tiles.filter((each) => each.id !== tile.id)))}
        />
      </PageBody>
      <TileForm tile={form?.tile ?? null} isNew={form?.isNew ?? false} scope={scope} onDone={done} onClose={() => setForm(null)} />
    </>
  );
}

/** Whether a tile is still as it was read: an edited one has no fault of the document. */
function untouched(read: ReadBoard, tiles: Tile[], id: string): boolean {
  const [before, now] = [read.board.tiles, tiles].map((list) => list.find((each) => each.id === id));
  return !!before && !!now && before.type === now.type && before.measures.join() === now.measures.join();
}
