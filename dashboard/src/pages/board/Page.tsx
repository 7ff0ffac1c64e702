import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { Link } from "@tanstack/react-router";
import { useDocument } from "@/api/documents";
import { useMe } from "@/api/me";
import { PageBody, PageTop } from "@/components/Page";
import { BlockSkeleton, Failure } from "@/components/States";
import { BoardView } from "./BoardView";
import { readBoard } from "./content";
import { TEMPLATES } from "./templates";

/** One board: a saved one by its id, or a template by its name. */
export function Page() {
  const { id } = useParams({ strict: false }) as { id: string };
  const template = TEMPLATES.find((each) => each.id === id);
  const saved = useDocument(id, !template);
  const org = useMe().data?.organisation ?? "";
  const read = useMemo(() => (saved.data ? readBoard(saved.data.kind === "board" ? saved.data.content : null) : null), [saved.data]);
  if (template) return <BoardView key={id} id={id} org={org} name={template.name} saved={null} read={{ board: template.board, faults: {}, fault: "" }} />;
  if (saved.error && !saved.data) {
    return (
      <>
        <PageTop title="Board" />
        <PageBody>
          <Failure error={saved.error} retry={() => void saved.refetch()} />
          <p style={{ textAlign: "center" }}>
            It was deleted, or it is not shared with you. <Link to={"/boards" as string}>All boards</Link>
          </p>
        </PageBody>
      </>
    );
  }
  if (!saved.data || !read) {
    return (
      <>
        <PageTop title="Board" />
        <PageBody>
          <BlockSkeleton height={104} />
          <BlockSkeleton height={284} />
        </PageBody>
      </>
    );
  }
  return <BoardView key={id} id={id} org={org} name={saved.data.name} saved={saved.data} read={read} />;
}
