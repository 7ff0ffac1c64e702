import { json } from "@codemirror/lang-json";
import { useMemo } from "react";
import { CodeEditor } from "@/components/CodeEditor";
import type { Fault } from "./json";

const language = json();

/** CodeMirror for JSON; loaded when a field for JSON is drawn. */
export default function JsonEditor(props: { value: string; onChange: (text: string) => void; label: string; placeholder: string; fault: Fault | undefined; onRun: (() => void) | undefined }) {
  const { value, onChange, label, placeholder, fault, onRun } = props;
  const faults = useMemo(() => (fault ? [{ from: fault.at, to: fault.at + 1, message: fault.message }] : []), [fault]);
  return <CodeEditor value={value} onChange={onChange} label={label} placeholder={placeholder} extensions={language} faults={faults} {...(onRun ? { onRun } : {})} />;
}
