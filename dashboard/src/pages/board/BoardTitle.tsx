import { Link } from "@tanstack/react-router";
import type { SavedDocument } from "@/api/documents";
import { Tag } from "@/components/Bits";
import styles from "./BoardTitle.module.css";

/** The way back to all boards, the board's name, and who sees it. */
export function BoardTitle({ name, saved }: { name: string; saved: SavedDocument | null }) {
  return (
    <span className={styles["title"]}>
      <Link to={"/boards" as string}>Boards</Link>
      <span aria-hidden="true">/</span>
      <b>{name}</b>
      <Tag>{!saved ? "template" : saved.shared ? (saved.mine ? "shared" : `by ${saved.owner_name || "somebody who is gone"}`) : "only you"}</Tag>
    </span>
  );
}
