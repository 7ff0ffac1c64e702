import { BlockSkeleton, RowsSkeleton } from "@/components/States";

/** The shape of a call that is on its way. */
export function CallSkeleton() {
  return (
    <>
      <BlockSkeleton height={92} />
      <BlockSkeleton height={150} />
      <RowsSkeleton rows={8} />
    </>
  );
}
