import { useRef } from "react";

/** Frames in a row that pass by more than a window's height before rows are left out. */
const FRAMES = 2;

/** Whether a list is scrolled so fast that nobody can read it, by its offset at each drawing. */
export function useHurry(offset: number, scrolling: boolean): boolean {
  const last = useRef({ offset, fast: 0 });
  if (!scrolling) last.current = { offset, fast: 0 };
  else if (offset !== last.current.offset) {
    const fast = Math.abs(offset - last.current.offset) > innerHeight ? last.current.fast + 1 : 0;
    last.current = { offset, fast };
  }
  return last.current.fast >= FRAMES;
}
