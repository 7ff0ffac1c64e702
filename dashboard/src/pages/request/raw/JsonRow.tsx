import { memo } from "react";
import { Icon } from "@/components/Icon";
import { count } from "@/format/numbers";
import { BytesChip } from "../media/BytesChip";
import { ARRAY, LITERAL, NUMBER, OBJECT, STRING } from "../json/tape";
import { useCallDocuments } from "../worker/CallDocuments";
import type { Part, TreeRow } from "../worker/protocol";
import styles from "./Raw.module.css";

export const ROW_HEIGHT = 22;
const MAX_INDENT = 24;

interface Props {
  id: string;
  top: number;
  part: Part;
  row: TreeRow | undefined;
  selected: number | null;
  lit: ReadonlySet<number>;
  onSelect: (node: number) => void;
  onToggle: (node: number) => void;
}

/** One value: its key, what it is, and whether it is open. */
export const JsonRow = memo(function JsonRow({ id, top, part, row, selected, lit, onSelect, onToggle }: Props) {
  const { worker } = useCallDocuments();
  if (!row) return <div className={styles["row"]} style={{ transform: `translateY(${top}px)` }} />;
  const isContainer = row.kind <= ARRAY;
  const indent = Math.min(row.depth, MAX_INDENT);
  return (
    <div
      id={id + row.node}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-expanded={isContainer ? row.open : undefined}
      aria-selected={selected === row.node}
      className={styles["row"]}
      data-lit={lit.has(row.node) || undefined}
      style={{ transform: `translateY(${top}px)`, paddingLeft: 6 + indent * 14 }}
      onClick={() => onSelect(row.node)}
      onDoubleClick={() => isContainer && onToggle(row.node)}
    >
      {isContainer && row.children > 0 ? (
        <button
          type="button"
          tabIndex={-1}
          className={styles["fold"]}
          aria-label={row.open ? "Fold" : "Unfold"}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(row.node);
          }}
        >
          <Icon name={row.open ? "down" : "right"} size={12} />
        </button>
      ) : (
        <span className={styles["fold"]} />
      )}
      {row.depth > MAX_INDENT && <span className={styles["deep"]}>{row.depth} deep</span>}
      {row.label !== null && <span className={row.isIndex ? styles["index"] : styles["key"]}>{row.label}</span>}
      {row.label !== null && <span className={styles["colon"]}>:</span>}
      <ValueText row={row} />
      {row.packed && <BytesChip type={row.packed.type} bytes={row.packed.bytes} load={() => worker.ask("bytesAt", part, row.node)} />}
      {row.kind === STRING && !row.packed && row.length > 242 && <span className={styles["more"]}>{count(row.length)} characters</span>}
    </div>
  );
});

function ValueText({ row }: { row: TreeRow }) {
  if (row.packed) return null;
  if (row.kind > ARRAY) return <span className={row.kind === STRING ? styles["string"] : row.kind === NUMBER ? styles["number"] : row.kind === LITERAL ? styles["literal"] : ""}>{row.text}</span>;
  const [left, right] = row.kind === OBJECT ? ["{", "}"] : ["[", "]"];
  if (!row.children) return <span className={styles["colon"]}>{left + right}</span>;
  return (
    <>
      <span className={styles["colon"]}>{row.kind === OBJECT ? `{${count(row.children)}}` : `[${count(row.children)}]`}</span>
      {!row.open && <span className={styles["preview"]}>{row.text}</span>}
    </>
  );
}
