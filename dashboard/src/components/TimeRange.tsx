import { Button, Popover, TextInput } from "@mantine/core";
import { useState } from "react";
import { fullTime } from "@/format/times";
import { PRESETS } from "@/state/ranges";
import { useScope } from "@/state/search";
import { Icon } from "./Icon";
import styles from "./TimeRange.module.css";


/** The page's time range: presets, or two times as the API takes them. */
export function TimeRange() {
  const [scope, setScope] = useScope();
  const [open, setOpen] = useState(false);
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const preset = scope.until ? undefined : PRESETS.find(([value]) => value === scope.since);
  const label = preset?.[1] ?? `${show(scope.since, scope.zone)} – ${scope.until ? show(scope.until, scope.zone) : "now"}`;
  const apply = (from: string, to: string) => {
    setScope({ since: from, until: to });
    setOpen(false);
  };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Button onClick={() => setOpen((before) => !before)} rightSection={<span className="dim">{scope.zone === "utc" ? "UTC" : "local"}</span>}>
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <div className={styles["grid"]}>
          <div className={styles["presets"]}>
            {PRESETS.map(([value, text]) => (
              <Button key={value} variant="subtle" color="gray" justify="flex-start" onClick={() => apply(value, "")} {...(value === preset?.[0] ? { rightSection: <Icon name="check" size={12} /> } : {})}>
                {text}
              </Button>
            ))}
          </div>
          <form
            className={styles["form"]}
            onSubmit={(event) => {
              event.preventDefault();
              apply(since || scope.since, until);
            }}
          >
            <TextInput label="From" placeholder="2h, or 2026-11-26T10:00" value={since} onChange={(event) => setSince(event.currentTarget.value)} />
            <TextInput label="To" placeholder="now" value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
            <Button type="submit" variant="filled">
              Apply
            </Button>
          </form>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

function show(text: string, zone: "local" | "utc"): string {
  const at = new Date(text);
  return /^\d{4}-/.test(text) && !Number.isNaN(at.getTime()) ? fullTime(at, zone).replace(/:\d\d\.\d+ .*/, "") : `${text} ago`;
}
