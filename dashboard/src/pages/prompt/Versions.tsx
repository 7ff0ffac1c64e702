import { Button, NativeSelect } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { usePeopleNames } from "@/api/people";
import type { Prompt, Version, VersionRow } from "@/api/prompts";
import { Tag, Time } from "@/components/Bits";
import { Panel } from "@/components/Page";
import { BlockSkeleton } from "@/components/States";
import { duration, money, percent, shortCount } from "@/format/numbers";
import { useScope, writeScope } from "@/state/search";
import { EnvironmentMenu } from "./EnvironmentMenu";
import styles from "./Versions.module.css";
import { versionText } from "./versionText";

const TextDiff = lazy(() => import("@/components/TextDiff"));

/** All versions, newest first, and what differs between two of them. */
export function Versions({ prompt, versions, figures, mayEdit }: { prompt: Prompt; versions: Version[]; figures: VersionRow[]; mayEdit: boolean }) {
  const [scope, setScope] = useScope();
  const names = usePeopleNames();
  const compare = /^(\d+)-(\d+)$/.exec(typeof scope["compare"] === "string" ? scope["compare"] : "");
  const by = new Map(versions.map((version) => [version.version, version]));
  const after = by.get(Number(compare?.[2])) ?? versions[0]!;
  const before = by.get(Number(compare?.[1])) ?? by.get(after.version - 1) ?? after;
  const figure = new Map(figures.map((row) => [row.version, row]));
  const choose = (from: number, to: number) => setScope({ compare: `${from}-${to}` }, true);
  return (
    <div className={styles["columns"]}>
      <Panel flush>
        <ol className={styles["list"]} aria-label="Versions">
          {versions.map((version) => {
            const labels = Object.entries(prompt.labels).filter(([, at]) => at === version.version);
            const row = figure.get(String(version.version));
            return (
              <li key={version.version} className={styles["version"]} data-chosen={version === after || version === before || undefined}>
                <div className={styles["head"]}>
                  <strong className="num">v{version.version}</strong>
                  {labels.map(([label]) => (
                    <Tag key={label} {...(label === "production" ? { tone: "ok" as const } : {})}>
                      {label}
                    </Tag>
                  ))}
                  <span className={styles["when"]}>
                    <Time at={new Date(version.created_us / 1000)} relative />, {author(version, names)}
                  </span>
                </div>
                <p className={version.note ? styles["note"] : `${styles["note"]} dim`}>{version.note || "no message"}</p>
                <p className={styles["figures"]}>{row ? `${shortCount(row.calls)} calls · ${money(row.cost)} · P95 ${duration(row.latency_p95)} · ${percent(row.error_rate)} errors` : "no calls in this range"}</p>
                <div className={styles["actions"]}>
                  <Button size="compact-xs" variant="subtle" color="gray" component={Link} to="." search={((old: Record<string, unknown>) => writeScope({ ...old, tab: "", version: String(version.version), compare: "" })) as never}>
                    Open
                  </Button>
                  {version.version > 1 && <Button size="compact-xs" variant="subtle" color="gray" onClick={() => choose(version.version - 1, version.version)}>What it changed</Button>}
                  {mayEdit && <EnvironmentMenu prompt={prompt} version={version.version} />}
                </div>
              </li>
            );
          })}
        </ol>
      </Panel>
      <Panel
        flush
        title={
          <span className={styles["pair"]}>
            <VersionSelect label="Before" versions={versions} value={before.version} onChange={(from) => choose(from, after.version)} /> →
            <VersionSelect label="After" versions={versions} value={after.version} onChange={(to) => choose(before.version, to)} />
          </span>
        }
      >
        {before === after ? <p className={styles["same"]}>{versions.length === 1 ? "There is one version so far." : "Choose two versions to compare."}</p> : <Diff before={before} after={after} />}
      </Panel>
    </div>
  );
}

function Diff({ before, after }: { before: Version; after: Version }) {
  const narrow = useMediaQuery("(max-width: 1200px)", false, { getInitialValueInEffect: false });
  const [from, to] = [versionText(before), versionText(after)];
  if (from === to) return <p className={styles["same"]}>They are the same, word for word.</p>;
  return (
    <Suspense fallback={<BlockSkeleton height={320} />}>
      <TextDiff before={from} after={to} narrow={!!narrow} label={`Version ${before.version} compared with version ${after.version}`} />
    </Suspense>
  );
}

function VersionSelect({ label, versions, value, onChange }: { label: string; versions: Version[]; value: number; onChange: (version: number) => void }) {
  return (
    <NativeSelect
      aria-label={label}
      data={versions.map((version) => ({ value: String(version.version), label: `v${version.version}` }))}
      value={String(value)}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
    />
  );
}

function author(version: Version, names: Map<string, string>): string {
  if (!version.created_by) return "on this machine";
  return `by ${names.get(version.created_by) ?? `key ${version.created_by.slice(0, 8)}`}`;
}
