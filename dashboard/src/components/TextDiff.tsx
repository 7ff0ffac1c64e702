import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { getNonce } from "get-nonce";
import { useEffect, useRef } from "react";
import { editorTheme } from "@/components/codeTheme";
import styles from "./TextDiff.module.css";

const COLLAPSE = { margin: 3, minSize: 6 };

/** Two texts beside each other, or as one where there is little room, with what differs marked. */
export default function TextDiff({ before, after, narrow, label }: { before: string; after: string; narrow: boolean; label: string }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = host.current!;
    const shared = [
      EditorView.cspNonce.of(getNonce() ?? ""),
      lineNumbers(),
      EditorView.lineWrapping,
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      EditorView.contentAttributes.of({ "aria-label": label }),
      editorTheme,
    ];
    if (narrow) {
      const view = new EditorView({ parent, doc: after, extensions: [...shared, unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: COLLAPSE })] });
      return () => view.destroy();
    }
    const view = new MergeView({ parent, a: { doc: before, extensions: shared }, b: { doc: after, extensions: shared }, collapseUnchanged: COLLAPSE });
    return () => view.destroy();
  }, [before, after, narrow, label]);
  return <div ref={host} className={styles["diff"]} />;
}
