import { Button, Popover, SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { fullTime, zoneName } from "@/format/times";
import { spanOf } from "@/state/buckets";
import { PRESETS, describeSpan, moved, zoomedOut } from "@/state/ranges";
import { comparedWith } from "@/state/buckets";
import { useScope, type Scope } from "@/state/search";
import { Icon } from "./Icon";
import { TimeField } from "./TimeField";
import { isMoment, toUrl } from "./timeText";
import styles from "./TimeRange.module.css";

/** The page's time range: presets, or two times; earlier, later and wider; the zone that times are shown in. */
export function TimeRange() {
  const [scope] = useScope();
  const [open, setOpen] = useState(false);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Button onClick={() => setOpen((before) => !before)} aria-expanded={open} rightSection={<span className={`${styles["zone"]} on-wide`}>{scope.zone === "utc" ? "UTC" : "local"}</span>}>
          {labelOf(scope)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <Choice onDone={() => setOpen(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Choice({ onDone }: { onDone: () => void }) {
  const [scope, setScope] = useScope();
  const [since, setSince] = useState(scope.since);
  const [until, setUntil] = useState(scope.until);
  const preset = scope.until ? undefined : scope.since;
  const span = spanOf(scope);
  const right = isMoment(since) && (until === "" || isMoment(until));
  const length = right ? spanOf({ since: toUrl(since, scope.zone), until: toUrl(until, scope.zone) }) : null;
  const set = (change: Partial<Scope>) => {
    setScope(change);
    onDone();
  };
  const step = (change: Partial<Scope> | null) => change && (setScope(change), setSince(change.since ?? ""), setUntil(change.until ?? ""));
  return (
    <div className={styles["grid"]}>
      <div className={styles["presets"]}>
        {PRESETS.map(([value, text]) => (
          <button key={value} type="button" aria-pressed={value === preset} onClick={() => set({ since: value, until: "" })}>
            {text}
            {value === preset && <Icon name="check" size={12} />}
          </button>
        ))}
      </div>
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (right && (length ?? 1) > 0) set({ since: toUrl(since, scope.zone), until: toUrl(until, scope.zone) });
        }}
      >
        <TimeField label="From" placeholder="2h, or 2026-11-26 10:00" value={since} zone={scope.zone} onChange={setSince} />
        <TimeField label="To" placeholder="now" value={until} zone={scope.zone} onChange={setUntil} />
        <p>{!right ? "" : length === null ? "“From” has to be before “to”." : `${describeSpan(length)} in all`}</p>
        <Button type="submit" variant="filled" disabled={!right || length === null}>
          Apply
        </Button>
        <div className={styles["steps"]}>
          <Button size="compact-xs" disabled={span === null} onClick={() => step(moved(scope, -1))}>
            ← Earlier
          </Button>
          <Button size="compact-xs" disabled={span === null} onClick={() => step(zoomedOut(scope))}>
            Wider
          </Button>
          <Button size="compact-xs" disabled={span === null || !scope.until} onClick={() => step(moved(scope, 1))}>
            Later →
          </Button>
        </div>
        <SegmentedControl
          aria-label="Zone of times"
          value={scope.zone}
          onChange={(zone) => setScope({ zone: zone as Scope["zone"] })}
          data={[
            { value: "local", label: `Local (${zoneName("local").replaceAll("_", " ")})` },
            { value: "utc", label: "UTC" },
          ]}
        />
      </form>
    </div>
  );
}

function labelOf(scope: Scope): string {
  const preset = scope.until ? undefined : PRESETS.find(([value]) => value === scope.since);
  if (preset) return preset[1];
  if (!scope.until && /^\d+[smhdw]$/.test(scope.since)) return `Last ${describeSpan(spanOf(scope) ?? 0).replace(/^1 /, "")}`;
  const [from, to] = [show(scope.since, scope.zone), scope.until ? show(scope.until, scope.zone) : "now"];
  const day = /^\d+ \w+ \d+, /.exec(from)?.[0];
  return `${from} – ${day && to.startsWith(day) ? to.slice(day.length) : to}`;
}

function show(text: string, zone: Scope["zone"]): string {
  const at = new Date(text);
  return /^\d{4}-/.test(text) && !Number.isNaN(at.getTime()) ? fullTime(at, zone).replace(/(:00)?\.\d+ .*/, "") : text;
}

/** What the changes on a page are changes against, in words. */
export function ComparedWith() {
  const [scope] = useScope();
  return comparedWith(scope);
}
