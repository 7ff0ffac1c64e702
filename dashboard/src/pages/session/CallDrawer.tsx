import { lazy, Suspense } from "react";
import { useScope } from "@/state/search";
import type { Waterfall } from "./useWaterfall";

const Drawer = lazy(() => import("@/pages/request/Drawer").then((module) => ({ default: module.Drawer })));

/** The open call beside the session; next and previous are its neighbours in the waterfall. */
export function CallDrawer({ id, rows }: { id: string; rows: Waterfall }) {
  const [, setScope] = useScope();
  return (
    <Suspense>
      <Drawer id={id} onClose={() => setScope({ call: "" }, true)} onNext={() => void rows.step(1)} onPrevious={() => void rows.step(-1)} />
    </Suspense>
  );
}
