import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useRef, useState, type KeyboardEvent } from "react";
import { Button } from "@mantine/core";
import { useCallDocuments } from "../worker/CallDocuments";
import type { Part, Summary, TreeRow, Value } from "../worker/protocol";
import { useRows } from "../worker/useRows";
import { Finder } from "./Finder";
import { JsonRow, ROW_HEIGHT } from "./JsonRow";
import styles from "./Raw.module.css";
import { ValuePane } from "./ValuePane";

const SHOWN_OF_VALUE = 100_000;

/** JSON as a tree of rows. The worker has the tree; the page draws what is in view. */
export function JsonTree({ part, summary }: { part: Part; summary: Summary }) {
  const { worker } = useCallDocuments();
  const box = useRef<HTMLDivElement>(null);
  const [shape, setShape] = useState({ rows: summary.treeRows, turn: 0 });
  const [selected, setSelected] = useState<number | null>(null);
  const [value, setValue] = useState<Value | null>(null);
  const [lit, setLit] = useState<ReadonlySet<number>>(new Set());
  const virtual = useVirtualizer({ count: shape.rows, getScrollElement: () => box.current, estimateSize: () => ROW_HEIGHT, overscan: 20 });
  const items = virtual.getVirtualItems();
  const rowAt = useRows<TreeRow>(`${summary.version} ${shape.turn}`, items[0]?.index ?? 0, items.at(-1)?.index ?? 0, (from, to) => worker.ask("treeRows", part, from, to));

  const turned = (rows: number) => setShape((before) => ({ rows, turn: before.turn + 1 }));
  const toggle = (node: number) => void worker.ask("toggle", part, node).then(turned);
  const select = useCallback(
    (node: number) => {
      setSelected(node);
      void worker.ask("value", part, node, SHOWN_OF_VALUE).then(setValue);
    },
    [worker, part],
  );
  const show = async (node: number) => {
    const { row, rows } = await worker.ask("reveal", part, node);
    turned(rows);
    select(node);
    requestAnimationFrame(() => virtual.scrollToIndex(row, { align: "center" }));
  };
  const move = (event: KeyboardEvent) => {
    const at = items.find((item) => rowAt(item.index)?.node === selected)?.index ?? items[0]?.index ?? 0;
    const row = rowAt(at);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) {
      const next = rowAt(Math.max(0, Math.min(shape.rows - 1, at + step)));
      if (next) select(next.node);
      virtual.scrollToIndex(Math.max(0, Math.min(shape.rows - 1, at + step)));
    } else if (row && ((event.key === "ArrowRight" && !row.open) || (event.key === "ArrowLeft" && row.open) || event.key === "Enter" || event.key === " ") && row.children) toggle(row.node);
    else return;
    event.preventDefault();
  };
  return (
    <div className={styles["tree"]}>
      <div className={styles["tools"]}>
        <Finder
          find={(text) => worker.ask("find", part, text)}
          show={(node) => void show(node)}
          onHits={(nodes) => setLit(new Set(nodes))}
        />
        <Button variant="subtle" color="gray" px="xs" onClick={() => void worker.ask("setAll", part, true).then(turned)}>
          Unfold all
        </Button>
        <Button variant="subtle" color="gray" px="xs" onClick={() => void worker.ask("setAll", part, false).then(turned)}>
          Fold all
        </Button>
      </div>
      <div ref={box} className={styles["scroll"]} role="tree" aria-label="JSON" tabIndex={0} onKeyDown={move} aria-activedescendant={selected === null ? undefined : `json-${part}-${selected}`}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => (
            <JsonRow key={item.key} id={`json-${part}-`} top={item.start} part={part} row={rowAt(item.index)} selected={selected} lit={lit} onSelect={select} onToggle={toggle} />
          ))}
        </div>
      </div>
      {value && selected !== null && <ValuePane value={value} onClose={() => setSelected(null)} wholeOf={() => worker.ask("value", part, selected, Number.MAX_SAFE_INTEGER).then((each) => each.text)} />}
    </div>
  );
}
