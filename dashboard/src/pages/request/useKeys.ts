import { useEffect, useRef } from "react";
import { isTyping } from "@/app/Shortcuts";

/** Runs a function for a key, unless somebody types, or a dialog is open other than `within`. */
export function useKeys(keys: Record<string, (() => void) | undefined>, within?: () => Element | null): void {
  const latest = useRef(keys);
  latest.current = keys;
  const frame = useRef(within);
  frame.current = within;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event)) return;
      const run = latest.current[event.key];
      if (!run) return;
      const dialogs = document.querySelectorAll("[role=dialog][aria-modal=true]");
      const own = frame.current?.() ?? null;
      if ([...dialogs].some((dialog) => dialog !== own && !dialog.contains(own))) return;
      event.preventDefault();
      run();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
