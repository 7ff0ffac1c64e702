import { useEffect, useState } from "react";

const NEAR = 24;

/** Whether the page is scrolled to its top; looked at only while `on`, because reading it while rows are drawn lays them out. */
export function useAtTop(on: boolean): boolean {
  const [atTop, setAtTop] = useState(true);
  useEffect(() => {
    if (!on) return;
    const look = () => setAtTop(scrollY < NEAR);
    look();
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, [on]);
  return atTop;
}
