import { useEffect, useRef, useState } from "react";

const PAGE = 100;

interface Rows<T> {
  revision: string;
  pages: Map<number, T[]>;
}

/** Rows that a worker has, fetched in pages around those in view. Rows of an older revision stay until new ones are there. */
export function useRows<T>(revision: string, from: number, to: number, load: (from: number, to: number) => Promise<T[]>): (index: number) => T | undefined {
  const [rows, setRows] = useState<Rows<T>>({ revision, pages: new Map() });
  const latest = useRef(load);
  latest.current = load;
  const asked = useRef(new Set<string>());
  const first = Math.floor(from / PAGE);
  const last = Math.floor(Math.max(from, to) / PAGE);
  useEffect(() => {
    for (let page = first; page <= last; page++) {
      const name = `${revision} ${page}`;
      if (asked.current.has(name)) continue;
      asked.current.add(name);
      latest.current(page * PAGE, (page + 1) * PAGE).then(
        (found) =>
          setRows((before) => {
            const pages = before.revision === revision ? new Map(before.pages) : new Map<number, T[]>();
            return { revision, pages: pages.set(page, found) };
          }),
        () => asked.current.delete(name),
      );
    }
  }, [revision, first, last]);
  return (index) => rows.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
}
