import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useElementSize } from "@mantine/hooks";
import { SegmentedControl } from "@mantine/core";
import { Empty, Failure, RowsSkeleton } from "@/components/States";
import styles from "./Changes.module.css";
import { useCallDocuments, useDocument } from "./worker/CallDocuments";

const TextDiff = lazy(() => import("@/components/TextDiff"));

/** What was asked beside what was sent, with what differs marked. */
export function Changes() {
  const { call, worker } = useCallDocuments();
  const asked = useDocument("request");
  const sent = useDocument("sent");
  const { ref, width } = useElementSize();
  const [beside, setBeside] = useState<boolean | null>(null);
  const isReady = !!asked.summary?.whole && !!sent.summary?.whole;
  const found = useQuery({ queryKey: ["difference", worker.key, call.id, asked.summary?.version, sent.summary?.version], enabled: isReady, staleTime: Infinity, queryFn: () => worker.ask("difference") });
  const failed = asked.error ?? sent.error ?? found.error;
  const isNarrow = beside === null ? width < 900 : !beside;
  return (
    <div ref={ref}>
      <div className={styles["bar"]}>
        <p>{isNarrow ? "What the gateway changed" : "Asked on the left, sent on the right"}: {reasonOf(call.facts as Record<string, unknown>, call.prompt_id, call.prompt_version)}.</p>
        <SegmentedControl
          aria-label="Show both texts"
          value={isNarrow ? "one" : "two"}
          onChange={(value) => setBeside(value === "two")}
          data={[
            { value: "two", label: "Beside each other" },
            { value: "one", label: "As one" },
          ]}
        />
      </div>
      {failed ? (
        <Failure error={failed} retry={() => (asked.error ? asked.retry() : sent.retry())} />
      ) : asked.summary === null ? (
        <Empty title="What was asked is not stored">The tab “Sent” would be all there is to compare.</Empty>
      ) : found.data ? (
        found.data === "too large" ? (
          <Empty title="These bodies are too large to compare here" action={<a href={sent.address} download>Download what was sent</a>}>
            Above 1 MB without their base64.
          </Empty>
        ) : (
          <Suspense fallback={<RowsSkeleton rows={8} />}>
            <TextDiff before={found.data.before} after={found.data.after} narrow={isNarrow} label="What was asked and what was sent" />
          </Suspense>
        )
      ) : (asked.summary && !asked.summary.whole && !asked.growing) || (sent.summary && !sent.summary.whole && !sent.growing) ? (
        <Empty title="These bodies are too large to compare here" />
      ) : (
        <RowsSkeleton rows={8} />
      )}
    </div>
  );
}

function reasonOf(facts: Record<string, unknown>, prompt: string, version: string): string {
  const reasons = [
    prompt && version ? `prompt ${prompt}, version ${version}, was filled in` : "",
    facts["fallback.index"] ? `fallback ${String(facts["fallback.index"])} changed the body` : "",
  ].filter(Boolean);
  return reasons.length ? reasons.join("; ") : "variables were filled in";
}
