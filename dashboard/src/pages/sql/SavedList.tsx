import { Link } from "@tanstack/react-router";
import { useDocuments, type SavedDocument } from "@/api/documents";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import styles from "./SidePane.module.css";

/** Saved queries: one's own, then those that others share. Each is a link. */
export function SavedList({ current }: { current: string }) {
  const query = useDocuments("query");
  return (
    <Loaded query={query} skeleton={<RowsSkeleton rows={6} />}>
      {(documents) => {
        if (!documents.length) return <Empty title="No saved query">Save one, and it is here for you or for the whole organisation.</Empty>;
        return (
          <>
            <Group heading="Yours" documents={documents.filter((each) => each.mine)} current={current} />
            <Group heading="Shared by others" documents={documents.filter((each) => !each.mine)} current={current} />
          </>
        );
      }}
    </Loaded>
  );
}

function Group({ heading, documents, current }: { heading: string; documents: SavedDocument[]; current: string }) {
  if (!documents.length) return null;
  return (
    <section className={styles["group"]}>
      <h3>{heading}</h3>
      <ul>
        {documents.map((each) => (
          <li key={each.id}>
            <Link to={"/sql" as string} search={{ query: each.id, side: "saved" } as never} className={styles["saved"]!} aria-current={each.id === current ? "page" : undefined}>
              <span>{each.name}</span>
              <span className={styles["type"]}>{each.mine ? (each.shared ? "shared" : "") : each.owner_name}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
