import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useBodySizes, useRequest } from "@/api/requests";
import { PageBody, PageTop } from "@/components/Page";
import { useScope, writeScope } from "@/state/search";
import { Actions } from "./Actions";
import { CallView } from "./CallView";
import { NameOfCall, IdOfCall } from "./Headline";
import { Lost } from "./Lost";
import styles from "./Page.module.css";
import { CallSkeleton } from "./CallSkeleton";
import { useKeys } from "./useKeys";
import { Walk } from "./Walk";

/** Everything of one call, and the way to the calls beside it. */
export function Page() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const [scope] = useScope();
  const call = useRequest(id);
  useBodySizes(id, ""); // asked for at once, beside the call: the bodies wait for it
  const navigate = useNavigate();
  const list = writeScope({ ...scope, tab: "" }) as never;
  useKeys({ Escape: () => void navigate({ to: "/requests" as string, search: list }) });
  return (
    <>
      <PageTop
        title={
          <span className={styles["title"]}>
            <Link to={"/requests" as string} search={list}>
              Requests
            </Link>
            <span className="dim">/</span>
            {call.data ? <NameOfCall call={call.data} /> : call.error ? "not found" : "…"}
          </span>
        }
        beside={call.data && <IdOfCall call={call.data} />}
      >
        <Walk id={id} />
        {call.data && <Actions id={id} />}
      </PageTop>
      <PageBody>
        {call.data ? <CallView call={call.data} /> : call.error ? <Lost id={id} error={call.error} retry={() => void call.refetch()} /> : <CallSkeleton />}
      </PageBody>
    </>
  );
}
