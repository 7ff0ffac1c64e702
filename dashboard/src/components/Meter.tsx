import styles from "./Meter.module.css";

interface Props {
  /** How much is used: 1 is all of it. */
  used: number;
  /** What is used, for screen readers. */
  label: string;
  tone?: "warn" | "bad" | undefined;
  /** A share from which on it is close; drawn as a line. */
  mark?: number;
}

/** How much of something is used, as a bar. */
export function Meter({ used, label, tone, mark }: Props) {
  const share = Math.min(1, Math.max(0, used));
  return (
    <div className={styles["meter"]} role="meter" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(share * 100)} aria-label={label}>
      <i data-tone={tone} style={{ width: `${Math.max(used > 0 ? 1 : 0, share * 100)}%` }} />
      {mark !== undefined && <b style={{ left: `${mark * 100}%` }} />}
    </div>
  );
}
