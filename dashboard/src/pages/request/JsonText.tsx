import { UnstyledButton } from "@mantine/core";
import { Fragment, useMemo, useState } from "react";
import { count } from "@/format/numbers";
import { lengthOf, splitClipped } from "./clipped";
import { ARRAY, LITERAL, NUMBER, OBJECT, STRING, tapeOf, type Tape } from "./json/tape";
import { keyOf, stringOf } from "./json/values";
import styles from "./JsonText.module.css";
import { visible } from "./visible";
import { useCallDocuments } from "./worker/CallDocuments";

const MAX_NODES = 1_500;
const MAX_DEPTH = 24;
const LONG = 100_000;

/** A small JSON text as a tree that folds. What is no JSON is shown as it is. */
export function JsonText({ text }: { text: string }) {
  const { worker } = useCallDocuments();
  const { shown: sent, ref } = splitClipped(text);
  const [fetched, setFetched] = useState("");
  const shown = fetched || sent;
  const whole = lengthOf(text);
  const tape = useMemo(() => (/^\s*[[{]/.test(shown) ? tapeOf(shown, MAX_NODES) : null), [shown]);
  const isTree = tape !== null && tape.count > 0 && (tape.state === "whole" || tape.state === "full" || ref !== null);
  return (
    <div className={styles["json"]}>
      {isTree ? <Node tape={tape} node={0} depth={0} /> : <pre>{shown}</pre>}
      {(tape?.state === "full" || shown.length < whole) && (
        <p className="dim">
          {tape?.state === "full" ? `The first ${count(MAX_NODES)} values. ` : ""}
          {ref !== null && !fetched ? (
            <UnstyledButton className={styles["more"]} onClick={() => void worker.ask("longText", ref, LONG).then((next) => setFetched(visible(next)))}>
              Show more of {count(whole)} characters
            </UnstyledButton>
          ) : (
            "All of it is in the raw body."
          )}
        </p>
      )}
    </div>
  );
}

function Node({ tape, node, depth }: { tape: Tape; node: number; depth: number }) {
  const kind = tape.kinds[node]!;
  const key = keyOf(tape, node);
  const label = key === null ? null : <span className={styles["key"]}>{visible(key)}: </span>;
  if (kind > ARRAY) {
    return (
      <div className={styles["leaf"]}>
        {label}
        <Scalar tape={tape} node={node} kind={kind} />
      </div>
    );
  }
  const children = childrenOf(tape, node);
  const [left, right] = kind === OBJECT ? "{}" : "[]";
  if (!children.length) {
    return (
      <div className={styles["leaf"]}>
        {label}
        {left}
        {right}
      </div>
    );
  }
  if (kind === ARRAY && isShort(tape, node, children)) {
    return (
      <div className={styles["leaf"]}>
        {label}[
        {children.map((child, index) => (
          <Fragment key={child}>
            {index > 0 && ", "}
            <Scalar tape={tape} node={child} kind={tape.kinds[child]!} />
          </Fragment>
        ))}
        ]
      </div>
    );
  }
  if (node === 0) return <>{children.map((child) => <Node key={child} tape={tape} node={child} depth={depth} />)}</>;
  return (
    <details open={depth < 3 && children.length <= 30} className={styles["branch"]}>
      <summary>
        {label}
        <span className={styles["count"]}>{kind === OBJECT ? `{${children.length}}` : `[${children.length}]`}</span>
      </summary>
      {depth < MAX_DEPTH ? children.map((child) => <Node key={child} tape={tape} node={child} depth={depth + 1} />) : <span className="dim">deeper values are in the raw body</span>}
    </details>
  );
}

/** Whether a list reads well in one line: few characters, and no texts in it that need a line each. */
function isShort(tape: Tape, node: number, children: number[]): boolean {
  const isWord = (child: number) => tape.kinds[child] !== STRING || /^"[\w.:/-]{1,24}"$/.test(tape.text.slice(tape.starts[child], tape.ends[child]));
  return tape.ends[node]! - tape.starts[node]! <= 120 && children.every((child) => tape.kinds[child]! > ARRAY && isWord(child));
}

function childrenOf(tape: Tape, node: number): number[] {
  const found: number[] = [];
  for (let at = node + 1; at < Math.min(tape.nexts[node]!, tape.count); at = Math.max(at + 1, tape.nexts[at]!)) found.push(at);
  return found;
}

function Scalar({ tape, node, kind }: { tape: Tape; node: number; kind: number }) {
  const tone = kind === STRING ? "string" : kind === NUMBER ? "number" : kind === LITERAL ? "literal" : "";
  return <span className={styles[tone]}>{kind === STRING ? visible(stringOf(tape, node)) : tape.text.slice(tape.starts[node], tape.ends[node])}</span>;
}
