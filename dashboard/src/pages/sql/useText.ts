import { useCallback, useEffect, useRef, useState } from "react";
import type { SavedDocument } from "@/api/documents";
import { firstText, readDraft, writeDraft } from "./memory";

/** The SQL of a saved query; empty where the document holds none. */
export function sqlOf(saved: SavedDocument | null): string {
  const sql = saved?.content?.["sql"];
  return typeof sql === "string" ? sql : "";
}

/** The text in the editor. Each change is kept in this browser until it is saved. */
export function useText(org: string, saved: SavedDocument | null, linked: string) {
  const id = saved?.id ?? "";
  const stored = sqlOf(saved);
  const [first] = useState(() => {
    const draft = readDraft(org, id);
    return { ...firstText(linked, draft, stored), revision: draft?.revision || (saved?.revision ?? 0) };
  });
  const [text, setText] = useState(first.text);
  /** The revision that the text was made from: a save names it. */
  const revision = useRef(first.isDraft ? first.revision : (saved?.revision ?? 0));
  const base = useRef(linked);
  const change = useCallback((next: string) => setText(next), []);
  useEffect(() => {
    writeDraft(org, id, text === stored ? null : { text, base: base.current, revision: revision.current });
  }, [org, id, text, stored]);
  /** The URL holds this text from now on. */
  const linkedTo = useCallback(
    (sql: string) => {
      base.current = sql;
      writeDraft(org, id, sql === stored ? null : { text: sql, base: sql, revision: revision.current });
    },
    [org, id, stored],
  );
  return { text, change, linkedTo, revision, isDraft: first.isDraft, changed: text !== stored };
}
