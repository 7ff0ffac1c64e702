import { useCallback, useMemo, useState } from "react";
import type { Version } from "@/api/prompts";
import { editable } from "@/chat/convert";
import { blankDraft, bodyOf, draftOf, sameJson, type Draft } from "@/chat/draft";
import type { Json } from "@/chat/json";

export interface Editing {
  draft: Draft;
  variables: Json[];
  /** The version that it was made from; 0 for a new prompt. */
  base: number;
}

/** What is being edited, and whether it differs from what it was made from. `resumed` is a draft that was left to be tried. */
export function usePromptDraft(base: Version | null, resumed: Editing | null = null) {
  const [editing, setEditing] = useState<Editing>(() => resumed ?? startOf(base));
  const [saved, setSaved] = useState(() => contentOf(startOf(base)));
  const start = useCallback((version: Version | null) => {
    const next = startOf(version);
    setEditing(next);
    setSaved(contentOf(next));
  }, []);
  const { body, faults } = useMemo(() => bodyOf(editing.draft), [editing.draft]);
  const dirty = Object.keys(faults).length > 0 || !sameJson({ body, variables: editing.variables }, saved);
  return {
    ...editing,
    body,
    faults,
    dirty,
    start,
    change: (part: Partial<Draft>) => setEditing((before) => ({ ...before, draft: { ...before.draft, ...part } })),
    setVariables: (variables: Json[]) => setEditing((before) => ({ ...before, variables })),
  };
}

export type PromptDraft = ReturnType<typeof usePromptDraft>;

function startOf(version: Version | null): Editing {
  if (!version) return { draft: blankDraft(), variables: [], base: 0 };
  const { body, dialect } = editable(version.body);
  return { draft: draftOf(body, dialect), variables: version.variables, base: version.version };
}

function contentOf(editing: Editing): Json {
  return { body: bodyOf(editing.draft).body, variables: editing.variables };
}
