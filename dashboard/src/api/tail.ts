import { useEffect, useRef, useState } from "react";

export type TailState = "off" | "connecting" | "live" | "reconnecting";

interface Listener {
  /** Events that came, the newest first; a few times a second at most. */
  onEvents: (events: Record<string, unknown>[]) => void;
  /** The tail begins now, or some events were left out: what was logged before has to be read from the log. */
  onGap: () => void;
}

const FLUSH_MS = 250;
const MAX_RETRY_MS = 15_000;
/** Events between two flushes, which come late on a hidden page; of more, the list is read again from the log. */
const MAX_PENDING = 500;

/** Follows new calls of a filter while it is on. It goes on where it was after the control plane restarted. */
export function useTail(q: string, on: boolean, listener: Listener): TailState {
  const [state, setState] = useState<TailState>("off");
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    if (!on) {
      setState("off");
      return;
    }
    let source: EventSource | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let position = "";
    let tries = 0;
    let pending: Record<string, unknown>[] = [];
    let left = false;
    const open = () => {
      const query = new URLSearchParams({ q, ...(position ? { after: position } : {}) });
      source = new EventSource(`/api/requests/tail?${query}`);
      source.onopen = () => {
        tries = 0;
        setState("live");
        if (!position) latest.current.onGap();
      };
      source.onmessage = (message: MessageEvent<string>) => {
        position = message.lastEventId || position;
        pending.unshift(JSON.parse(message.data) as Record<string, unknown>);
        left ||= pending.length > MAX_PENDING;
        if (left) pending = [];
      };
      source.onerror = () => {
        setState("reconnecting");
        if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
        tries += 1;
        retry = setTimeout(open, Math.min(1_000 * 2 ** (tries - 1), MAX_RETRY_MS));
      };
    };
    setState("connecting");
    open();
    const flush = setInterval(() => {
      if (left) latest.current.onGap();
      left = false;
      if (!pending.length) return;
      const events = pending;
      pending = [];
      latest.current.onEvents(events);
    }, FLUSH_MS);
    return () => {
      source?.close();
      clearTimeout(retry);
      clearInterval(flush);
    };
  }, [q, on]);
  return state;
}
