import { useQuery } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { bodyAddress, fetchBody, HEAD_BYTES } from "@/api/bodies";
import { useBodySizes, type Event } from "@/api/requests";
import { CallWorker } from "./CallWorker";
import type { Part, Summary } from "./protocol";

/** Bodies up to this size are read whole without being asked to. */
export const AUTO_BYTES = 8 * 1024 * 1024;

interface Documents {
  call: Event;
  worker: CallWorker;
}

const Context = createContext<Documents | null>(null);

/** The bodies of one call, for all below: kept in a worker of their own for as long as the call is on the page. */
export function CallDocuments({ call, children }: { call: Event; children: ReactNode }) {
  const [worker] = useState(() => new CallWorker());
  useEffect(() => {
    worker.start();
    return () => worker.close();
  }, [worker]);
  return <Context.Provider value={{ call, worker }}>{children}</Context.Provider>;
}

export function useCallDocuments(): Documents {
  const found = useContext(Context);
  if (!found) throw new Error("CallDocuments is missing above this part");
  return found;
}

export interface Document {
  /** Undefined while it is on its way; null where the log has no such body. */
  summary: Summary | null | undefined;
  error: unknown;
  retry: () => void;
  /** The rest is being read. */
  growing: boolean;
  loadAll: () => void;
  address: string;
}

/** One body in the worker: its head at once, all of it where it is not too large or was asked for. */
export function useDocument(part: Part, enabled = true): Document {
  const { call, worker } = useCallDocuments();
  const [wanted, setWanted] = useState(false);
  const sizes = useBodySizes(call.id, call.start);
  const about = sizes.data?.[part];
  const read = async (whole: boolean, signal: AbortSignal): Promise<Summary | null> => {
    if (!about) return null;
    const bytes = await fetchBody(call.id, part, whole ? null : HEAD_BYTES, signal);
    return bytes && worker.load(part, bytes, { size: about.bytes, whole: bytes.byteLength >= about.bytes, type: about.type ?? "" });
  };
  const key = ["document", worker.key, call.id, part, about?.bytes ?? -1];
  const head = useQuery({ queryKey: [...key, "head"], enabled: enabled && sizes.data !== undefined, staleTime: Infinity, queryFn: ({ signal }) => read(false, signal) });
  const more = !!head.data && !head.data.whole && (wanted || head.data.size <= AUTO_BYTES);
  const whole = useQuery({ queryKey: [...key, "whole"], enabled: enabled && more, staleTime: Infinity, queryFn: ({ signal }) => read(true, signal) });
  return {
    summary: whole.data ?? head.data,
    error: sizes.error ?? head.error ?? whole.error,
    retry: () => void (sizes.error ? sizes.refetch() : head.error ? head.refetch() : whole.refetch()),
    growing: more && !whole.data && !whole.error,
    loadAll: () => setWanted(true),
    address: bodyAddress(call.id, part),
  };
}
