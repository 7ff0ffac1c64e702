import { loadable } from "@/components/loadable";
import { useScope } from "@/state/search";
import type { Waterfall } from "./useWaterfall";

export const CallPart = loadable(() => import("@/pages/request/Drawer").then((module) => module.Drawer));

/** The open call beside the session; next and previous are its neighbours in the waterfall. */
export function CallDrawer({ id, rows }: { id: string; rows: Waterfall }) {
  const [, setScope] = useScope();
  return (
    <CallPart.Part id={id} onClose={() => setScope({ call: "" }, true)} onNext={() => void rows.step(1)} onPrevious={() => void rows.step(-1)} />
  );
}
