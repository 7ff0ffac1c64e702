import { lazy, Suspense } from "react";
import { useDocument } from "@/api/documents";
import { useMe } from "@/api/me";
import { PageTop } from "@/components/Page";
import { BlockSkeleton, Failure } from "@/components/States";
import { useScope } from "@/state/search";

const Console = lazy(() => import("./Console"));

/** SQL over the log. The URL names the saved query, or holds the text that was run. */
export function Page() {
  const [scope] = useScope();
  const id = typeof scope["query"] === "string" ? scope["query"] : "";
  const saved = useDocument(id);
  const org = useMe().data?.organisation ?? "";
  const waiting = <BlockSkeleton height={320} />;
  if (id && saved.error) {
    return (
      <>
        <PageTop title="SQL" />
        <Failure error={saved.error} retry={() => void saved.refetch()} />
        <p style={{ textAlign: "center" }}>
          The query of this link was deleted, or it is not shared with you. <a href="/sql">Begin with an empty one</a>.
        </p>
      </>
    );
  }
  if (id && !saved.data) return waiting;
  return (
    <Suspense fallback={waiting}>
      <Console key={`${org} ${id}`} org={org} saved={id ? (saved.data ?? null) : null} />
    </Suspense>
  );
}
