import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder as placeholderOf } from "@codemirror/view";
import { getNonce } from "get-nonce";
import { useEffect, useImperativeHandle, useRef, type Ref } from "react";
import { faultMarks, setFaults, type EditorFault } from "./codeFaults";
import { editorColors, editorTheme } from "./codeTheme";
import styles from "./CodeEditor.module.css";

export interface EditorHandle {
  focus: () => void;
  /** Puts text in place of the selection. */
  insert: (text: string) => void;
  /** The text that is selected; empty where nothing is. */
  selected: () => string;
}

interface Props {
  value: string;
  onChange: (text: string) => void;
  /** The language and what else is special to it; may change. */
  extensions: Extension;
  label: string;
  placeholder?: string;
  /** Ctrl-Enter. */
  onRun?: () => void;
  faults?: EditorFault[];
  readOnly?: boolean;
  ref?: Ref<EditorHandle>;
}

/** Text typed over a selection is put in by us: the browser would give it the style of what was there, which the content policy refuses. */
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    if (event.inputType !== "insertText" || !event.data || empty || view.composing) return false;
    const text = event.data;
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
    event.preventDefault();
    if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, text, insert))) view.dispatch(insert());
    return true;
  },
});

/** An editor for code: CodeMirror with our colours. Load it lazily: it is a third of the first load's size. */
export function CodeEditor({ value, onChange, extensions, label, placeholder = "", onRun, faults, readOnly = false, ref }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const special = useRef(new Compartment());
  const latest = useRef({ onChange, onRun });
  latest.current = { onChange, onRun };

  useEffect(() => {
    const made = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(getNonce() ?? ""),
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          highlightActiveLine(),
          faultMarks,
          EditorView.lineWrapping,
          EditorState.readOnly.of(readOnly),
          placeholderOf(placeholder),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
          syntaxHighlighting(editorColors),
          editorTheme,
          keymap.of([
            { key: "Mod-Enter", run: () => (latest.current.onRun?.(), true) },
            { key: "Escape", run: (editor) => (editor.contentDOM.blur(), true) },
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...historyKeymap,
            ...defaultKeymap,
            indentWithTab,
          ]),
          special.current.of(extensions),
          typedOver,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
    // made once; what changes is set by the effects below
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [label, readOnly]);

  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
    }
  }, [value]);
  useEffect(() => {
    view.current?.dispatch({ effects: special.current.reconfigure(extensions) });
  }, [extensions]);
  useEffect(() => {
    view.current?.dispatch({ effects: setFaults.of(faults ?? []) });
  }, [faults]);

  useImperativeHandle(ref, () => ({
    focus: () => view.current?.focus(),
    insert: (text) => {
      const editor = view.current;
      if (!editor) return;
      editor.dispatch(editor.state.replaceSelection(text));
      editor.focus();
    },
    selected: () => {
      const editor = view.current;
      return editor ? editor.state.sliceDoc(editor.state.selection.main.from, editor.state.selection.main.to) : "";
    },
  }));
  return <div ref={host} className={styles["editor"]} />;
}
