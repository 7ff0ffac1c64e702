import { Link } from "@tanstack/react-router";
import { ApiError } from "@/api/client";
import { Empty, Failure } from "@/components/States";

/** Why there is no call to show, and the way back. */
export function Lost({ error, retry }: { error: unknown; retry: () => void }) {
  const status = error instanceof ApiError ? error.status : 0;
  if (status !== 404 && status !== 400) return <Failure error={error} retry={retry} />;
  return (
    <Empty title="No call with this id is in your log" action={<Link to={"/requests" as string}>Go to the requests</Link>}>
      It may belong to another organisation, or its retention may have ended. A call shows up about a second after it ended.
    </Empty>
  );
}
