import { useEffect, useState } from "react";

const NEAR = 24;

/** Whether the page is scrolled to its top. */
export function useAtTop(): boolean {
  const [atTop, setAtTop] = useState(true);
  useEffect(() => {
    const look = () => setAtTop(scrollY < NEAR);
    look();
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  return atTop;
}
