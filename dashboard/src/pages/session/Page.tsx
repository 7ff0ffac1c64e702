import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { ApiError } from "@/api/client";
import { useSession, useSessionOutline, useSessionTree } from "@/api/sessions";
import { FilterBar } from "@/components/FilterBar";
import { Title } from "@/components/groups/Title";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Failure, RowsSkeleton } from "@/components/States";
import { count } from "@/format/numbers";
import { useScope, writeScope } from "@/state/search";
import { Headline } from "./Headline";
import { Waterfall } from "./Waterfall";
import styles from "./Page.module.css";

/** One session: what it came to, and its calls as a tree on an axis of time. */
export function Page() {
  const [scope] = useScope();
  const id = typeof scope["id"] === "string" ? scope["id"] : "";
  const found = useSession(id);
  const session = found.data?.session;
  return (
    <>
      <PageTop
        title={<Title to="/sessions" parent="Sessions" name={session?.name || id} id={id} />}
        beside={
          session && (
            <span className={styles["beside"]}>
              {session.users.slice(0, 3).map((user) => (
                <Link key={user} to={"/users/one" as string} search={writeScope({ id: user, since: scope.since, until: scope.until, zone: scope.zone }) as never}>
                  {user}
                </Link>
              ))}
            </span>
          )
        }
      />
      <PageBody>
        {!id || (found.error instanceof ApiError && found.error.status === 404) ? (
          <Empty title="No session with this id is in your log" action={<Button component={Link} {...({ to: "/sessions" } as object)}>Go to the sessions</Button>}>
            It may belong to another organisation, or its retention may have ended.
          </Empty>
        ) : found.error ? (
          <Failure error={found.error} retry={() => void found.refetch()} />
        ) : (
          <>
            {found.data ? <Headline found={found.data} /> : <BlockSkeleton height={86} />}
            <Calls id={id} all={session?.calls} />
          </>
        )}
      </PageBody>
    </>
  );
}

function Calls({ id, all }: { id: string; all: number | undefined }) {
  const [scope, setScope] = useScope();
  const tree = useSessionTree(id, scope.q);
  const outline = useSessionOutline(id, scope.q);
  const error = tree.error ?? outline.error;
  const refused = error instanceof ApiError && error.status === 400;
  return (
    <>
      <div>
        <FilterBar error={error} />
        {scope.q && tree.data && all !== undefined && <p className={styles["match"]}>{`${count(tree.data.calls)} of ${count(all)} calls match`}</p>}
      </div>
      {error && !refused ? (
        <Failure
          error={error}
          retry={() => {
            void tree.refetch();
            void outline.refetch();
          }}
        />
      ) : !tree.data || !outline.data ? (
        <Panel flush>
          <RowsSkeleton rows={12} />
        </Panel>
      ) : tree.data.calls === 0 ? (
        <Empty title="No call of this session matches" action={<Button onClick={() => setScope({ q: "" })}>Clear the filter</Button>}>
          Take a condition out of the filter.
        </Empty>
      ) : (
        <Waterfall key={`${id} ${scope.q}`} id={id} tree={tree.data} outline={outline.data} />
      )}
    </>
  );
}
