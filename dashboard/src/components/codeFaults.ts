import { StateEffect, StateField, type Text } from "@codemirror/state";
import { Decoration, EditorView, type DecorationSet } from "@codemirror/view";

/** A place in the text that is wrong. `from` = `to`: the end of the text, or a place between. */
export interface EditorFault {
  from: number;
  to: number;
  message: string;
}

export const setFaults = StateEffect.define<EditorFault[]>();

/** Underlines the faults and marks their lines. They go with the first change of the text. */
export const faultMarks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, change) {
    for (const effect of change.effects) if (effect.is(setFaults)) return marksOf(effect.value, change.state.doc);
    return change.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function marksOf(faults: EditorFault[], doc: Text): DecorationSet {
  const marks = faults.flatMap((fault) => {
    const from = Math.min(fault.from, doc.length);
    const to = Math.min(Math.max(fault.to, from), doc.length);
    const line = Decoration.line({ class: "cm-fault-line" }).range(doc.lineAt(from).from);
    return from < to ? [line, Decoration.mark({ class: "cm-fault", attributes: { title: fault.message } }).range(from, to)] : [line];
  });
  return Decoration.set(marks, true);
}
