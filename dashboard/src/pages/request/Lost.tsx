import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { ApiError } from "@/api/client";
import { isOnItsWay } from "@/api/requests";
import { Empty, Failure } from "@/components/States";
import { useScope, writeScope } from "@/state/search";

/** Why there is no call to show, and the way back. */
export function Lost({ id, error, retry }: { id: string; error: unknown; retry: () => void }) {
  const [scope] = useScope();
  const status = error instanceof ApiError ? error.status : 0;
  const back = (
    <Button component={Link} {...({ to: "/requests", search: writeScope({ ...scope, tab: "", call: "" }) } as object)}>
      Go to the requests
    </Button>
  );
  if (status === 404 && isOnItsWay(id)) {
    return (
      <Empty title="This call has not arrived yet" action={back}>
        A call shows up about a second after it ended; a long one is still running. This page looks again every two seconds.
      </Empty>
    );
  }
  if (status === 404) {
    return (
      <Empty title="No call with this id is in your log" action={back}>
        It was deleted when its retention ended (setting log.ttl_days), it belongs to another organisation, or the id has a mistake in it.
      </Empty>
    );
  }
  if (status === 400) {
    return (
      <Empty title="This is no id of a call" action={back}>
        An id is a UUID, as in the response header Helicone-Id. Found: {id.slice(0, 80)}
      </Empty>
    );
  }
  return <Failure error={error} retry={retry} />;
}
