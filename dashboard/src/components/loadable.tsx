import { Suspense, createElement, lazy, useEffect, type ComponentType, type ReactNode } from "react";

/** A part that is fetched once the page is quiet, or when it is first drawn, whichever comes first. */
export interface Loadable<Props> {
  Part: ComponentType<Props>;
  /** To be called where the part may be needed soon. */
  useSoon: () => void;
}

/** Makes a part of a page that is loaded apart. One that is loaded is drawn at once: React would hold back a lazy one
 * for up to 0.3 s, even where its code is there. */
export function loadable<Props extends object>(load: () => Promise<ComponentType<Props>>, fallback: ReactNode = null): Loadable<Props> {
  let loaded: ComponentType<Props> | undefined;
  const fetchPart = async () => {
    loaded = await load();
    return { default: loaded };
  };
  const Waiting = lazy(fetchPart) as unknown as ComponentType<Props>;
  const Part = (props: Props) => (loaded ? createElement(loaded, props) : <Suspense fallback={fallback}>{createElement(Waiting, props)}</Suspense>);
  return { Part, useSoon: () => useEffect(() => whenQuiet(() => void fetchPart().catch(() => undefined)), []) };
}

/** Calls once the page has nothing else to do; returns what calls it off. */
function whenQuiet(call: () => void): () => void {
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(call, 500);
    return () => clearTimeout(timer);
  }
  const id = requestIdleCallback(call, { timeout: 2_000 });
  return () => cancelIdleCallback(id);
}
