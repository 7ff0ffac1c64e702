import { useCallback, useEffect, useRef, type UIEvent } from "react";

/** A wide table scrolls sideways as one: its head, its rows, and a scroll bar that stays in view while the page scrolls. */
export function useSideways(least: number) {
  const head = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const strip = useRef<HTMLDivElement>(null);
  const follow = useCallback((event: UIEvent<HTMLElement>) => {
    const { scrollLeft } = event.currentTarget;
    for (const { current } of [head, body, strip]) {
      if (current && current.scrollLeft !== scrollLeft) current.scrollLeft = scrollLeft;
    }
  }, []);
  useEffect(() => {
    const box = body.current;
    if (!box) return;
    const fit = () => {
      if (!strip.current) return;
      strip.current.hidden = least <= box.clientWidth;
      (strip.current.firstElementChild as HTMLElement).style.width = `${least}px`;
    };
    fit();
    const watch = new ResizeObserver(fit);
    watch.observe(box);
    return () => watch.disconnect();
  }, [least]);
  return { head, body, strip, follow };
}
