import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { figure, useMetrics } from "@/api/metrics";
import { ofForm } from "@/api/problems";
import { useReplayWebhook, type Webhook } from "@/api/webhooks";
import { FormDialog } from "@/components/FormDialog";
import { TimeField } from "@/components/TimeField";
import { isMoment, toUrl } from "@/components/timeText";
import { done } from "@/components/toast";
import { count } from "@/format/numbers";
import { useScope } from "@/state/search";

const TIMES = [
  { value: "1h", label: "1 hour ago" },
  { value: "24h", label: "1 day ago" },
  { value: "7d", label: "7 days ago" },
  { value: "now", label: "Skip to now" },
];

/** Sends calls again that arrived from a time on, or skips what waits. */
export function Replay({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const [{ zone }] = useScope();
  const [since, setSince] = useState("1h");
  const replay = useReplayWebhook();
  const skips = since === "now";
  const valid = isMoment(since);
  const from = toUrl(since, zone);
  const calls = useMetrics({ filter: webhook.filter || null, since: skips || !valid ? "1h" : from, until: "", measures: ["calls"] }, valid && !skips);
  const many = calls.isPlaceholderData ? null : figure(calls.data?.total.totals, "calls");
  const send = () => replay.mutate({ id: webhook.id, since: from }, { onSuccess: () => (done(skips ? `${webhook.name} goes on from now.` : `${webhook.name} begins again.`), onClose()) });
  return (
    <FormDialog
      title={`Send calls to ${webhook.name} again`}
      fault={ofForm(replay.error)}
      action={skips ? "Skip what waits" : "Send again"}
      ready={valid}
      saving={replay.isPending}
      onSave={send}
      onClose={onClose}
    >
      <SegmentedControl aria-label="Begin" fullWidth value={since} onChange={setSince} data={TIMES} />
      {!skips && <TimeField label="Begin with calls that arrived" placeholder="2026-11-26 10:00" value={since} zone={zone} onChange={setSince} />}
      <span className="dim">
        {skips
          ? "Calls that wait now are never sent to it."
          : `${many === null ? "Calls" : `About ${count(Math.round(many * (webhook.only_requested ? 1 : webhook.sample_share)))} calls${webhook.only_requested ? " at most" : ""}`} go out again, as long as the log keeps them, under their ids; new ones come after them.`}
      </span>
    </FormDialog>
  );
}
