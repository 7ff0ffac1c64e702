import { DataTable } from "@/components/DataTable";
import type { CallRow } from "@/api/callRow";
import { CompactCall } from "./CompactCall";
import type { ListColumn } from "./columns";

const COMING = { count: 16, at: () => undefined };

/** The list in its shape, while its first page is on its way. */
export function LoadingList({ columns }: { columns: ListColumn[] }) {
  return (
    <div aria-busy="true">
      <DataTable<CallRow> label="Requests" columns={columns.map(({ id, column }) => ({ id, ...column }))} rows={COMING} rowKey={(row) => row.id} compact={CompactCall} />
    </div>
  );
}
