import { MultiSelect, Select, TextInput, Textarea } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useChannelNames } from "@/api/channelNames";
import { faultAt } from "@/components/alerts/faults";
import { dimensionWord } from "@/components/alerts/words";
import { Panel } from "@/components/Page";
import { DurationField } from "./DurationField";
import type { PartProps } from "./fields";
import styles from "./Edit.module.css";

/** Who is told, how, and how often. */
export function Tell({ rule, set, error, suggested }: PartProps & { suggested: string }) {
  const channels = useChannelNames();
  const known = channels.data ?? [];
  const gone = rule.channels.filter((id) => !known.some((each) => each.id === id));
  return (
    <Panel title="Who is told">
      <div className={styles["fields"]}>
        <div className={styles["pair"]}>
          <TextInput label="Name" placeholder={suggested} maxLength={120} value={rule.name} onChange={(event) => set({ name: event.currentTarget.value })} error={faultAt(error, "name")} />
          <Select label="Severity" allowDeselect={false} data={["critical", "error", "warning", "info"]} value={rule.severity} onChange={(value) => value && set({ severity: value as typeof rule.severity })} error={faultAt(error, "severity")} />
        </div>
        <MultiSelect
          label="Channels"
          description={
            channels.data && !known.length ? (
              <>
                There is none yet: the rule has states and history, and sends nothing. <Link to={"/channels" as string}>Make a channel</Link>
              </>
            ) : undefined
          }
          placeholder={rule.channels.length ? "" : `all${known.length ? ` (${known.map((each) => each.name).join(", ")})` : ""}`}
          data={[...known.map(({ id, name, enabled }) => ({ value: id, label: enabled ? name : `${name} (off)` })), ...gone.map((id) => ({ value: id, label: "a deleted channel" }))]}
          value={rule.channels}
          onChange={(ids) => set({ channels: ids })}
          error={faultAt(error, "channels")}
          hidePickedOptions
        />
        <Textarea label="What to do" placeholder="For whoever gets the alert: what it means, where to look first" autosize minRows={2} maxRows={8} value={rule.description} onChange={(event) => set({ description: event.currentTarget.value.replace(/\s*\n\s*/g, " ") })} error={faultAt(error, "description")} />
        <div className={styles["three"]}>
          {rule.group_by.length > 0 && (
            <MultiSelect
              label="A message for each"
              placeholder={rule.notify_by.length ? "" : "one for all"}
              data={rule.group_by.map((name) => ({ value: name, label: dimensionWord(name) }))}
              value={rule.notify_by}
              onChange={(notify_by) => set({ notify_by })}
              error={faultAt(error, "notify_by")}
            />
          )}
          <DurationField label="Repeat every" placeholder="never" value={rule.repeat_interval} choices={["1h", "4h", "12h", "1d"]} onChange={(repeat_interval) => set({ repeat_interval })} error={faultAt(error, "repeat_interval")} />
          {rule.group_by.length > 0 && <DurationField label="Tell of more groups every" value={rule.update_interval} choices={["1m", "5m", "15m", "1h"]} onChange={(update_interval) => set({ update_interval })} error={faultAt(error, "update_interval")} />}
        </div>
      </div>
    </Panel>
  );
}
