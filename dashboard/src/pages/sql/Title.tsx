import type { SavedDocument } from "@/api/documents";
import { Tag } from "@/components/Bits";

/** Which saved query this is, whose, and whether its text was changed. */
export function Title({ saved, changed }: { saved: SavedDocument | null; changed: boolean }) {
  if (!saved) return <span>read-only, over the calls of your organisation</span>;
  return (
    <span>
      {saved.name} {saved.shared ? <Tag>shared{saved.mine ? "" : ` by ${saved.owner_name || "somebody who is gone"}`}</Tag> : <Tag>only you</Tag>}
      {changed && <Tag tone="warn">not saved</Tag>}
    </span>
  );
}
