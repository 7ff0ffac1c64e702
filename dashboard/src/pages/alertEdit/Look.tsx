import { SegmentedControl } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { ApiError } from "@/api/client";
import type { usePreview } from "@/api/alerts";
import { Firings } from "@/components/alerts/Firings";
import { PreviewChart } from "@/components/alerts/PreviewChart";
import { Sentence } from "@/components/alerts/Sentence";
import { explorerSearch, INGEST_LAG, type Rule } from "@/components/alerts/rule";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Empty, Failure } from "@/components/States";
import { useScope, writeScope } from "@/state/search";
import styles from "./Edit.module.css";

interface Props {
  rule: Rule;
  /** The rule that the preview is of: a moment behind what is typed. */
  asked: Rule;
  unit: string;
  since: string;
  onSince: (since: string) => void;
  query: ReturnType<typeof usePreview>;
}

/** The rule as a sentence, and what it would have done. */
export function Look({ rule, asked, unit, since, onSince, query }: Props) {
  const [scope] = useScope();
  const navigate = useNavigate();
  const { data: preview, error } = query;
  const stale = query.isPlaceholderData || asked !== rule || (error instanceof ApiError && error.status === 400);
  return (
    <Panel
      title="Preview"
      sub="over the log"
      actions={<SegmentedControl size="xs" aria-label="How far to look back" data={[{ value: "24h", label: "24 hours" }, { value: "7d", label: "7 days" }, { value: "30d", label: "30 days" }]} value={since} onChange={onSince} />}
    >
      <div className={styles["sentence"]}>
        <Sentence rule={rule} unit={unit} />
      </div>
      {rule.metric === INGEST_LAG ? (
        <Empty title="No preview for the lag of the log">It has no history to look at.</Empty>
      ) : preview ? (
        <div className={stale ? styles["stale"] : undefined} aria-busy={query.isFetching || undefined}>
          {preview.series.length ? (
            <PreviewChart rule={asked} preview={preview} zone={scope.zone} onPick={(at, labels) => void navigate({ to: "/requests" as string, search: writeScope(explorerSearch(asked, labels, at)) as never })} />
          ) : (
            <Empty title="No requests in this time">Nothing in the log of the last {since === "24h" ? "24 hours" : since.replace("d", " days")} is what this rule watches.</Empty>
          )}
          <div className={styles["fired"]}>
            <Firings rule={asked} preview={preview} zone={scope.zone} />
          </div>
        </div>
      ) : error && !(error instanceof ApiError && error.status === 400) ? (
        <Failure error={error} retry={() => void query.refetch()} />
      ) : error ? (
        <Empty title="Nothing to show yet">The rule has a fault: it is marked at its field.</Empty>
      ) : (
        <BlockSkeleton height={280} />
      )}
    </Panel>
  );
}
