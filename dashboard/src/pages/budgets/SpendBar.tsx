import { money, percent } from "@/format/numbers";
import styles from "./Budgets.module.css";
import { scaleOf, toneOf } from "./spend";

interface Props {
  label: string;
  limit: number;
  shares: number[];
  share: number;
  forecast_share: number;
  /** Without a row of words below it. */
  small?: boolean;
}

/** What is spent of a budget, what is likely to be at the period's end, and the shares that are told. */
export function SpendBar({ label, limit, shares, share, forecast_share, small = false }: Props) {
  const scale = scaleOf(shares, { share, forecast_share });
  const at = (part: number) => `${Math.min(100, (part / scale) * 100)}%`;
  const marks = [...new Set([...shares, 100])].sort((a, b) => a - b);
  const tone = toneOf({ share, forecast_share });
  return (
    <div className={`${styles["bar"]} ${small ? styles["small"] : ""}`} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.min(100, Math.round(share * 100))} aria-valuetext={`${percent(share)} spent`}>
      <div className={styles["track"]}>
        {forecast_share > share && <i className={styles["forecast"]} style={{ left: at(share), width: `calc(${at(Math.min(forecast_share, scale))} - ${at(share)})` }} title={`Forecast: ${percent(forecast_share)}`} />}
        <i className={`${styles["spent"]} ${tone ? styles[tone] : ""}`} style={{ width: share > 0 ? `max(2px, ${at(share)})` : 0 }} />
        {!small && marks.map((mark) => <b key={mark} className={mark === 100 ? styles["limit"] : styles["mark"]} style={{ left: at(mark / 100) }} data-reached={share >= mark / 100 ? true : undefined} title={`${mark} % is ${money((limit * mark) / 100)}`} />)}
      </div>
      {!small && (
        <div className={styles["scale"]} aria-hidden="true">
          {apart(marks, scale).map((mark) => (
            <span key={mark} style={{ left: at(mark / 100) }} data-end={mark / 100 / scale > 0.94 ? true : undefined}>
              {mark} %
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

/** Marks with room for their words; the limit's are always there. */
function apart(marks: number[], scale: number): number[] {
  const kept: number[] = [];
  for (const mark of [...marks].reverse()) {
    const free = [100, ...kept].every((other) => other === mark || Math.abs(other - mark) / scale >= 11);
    if (mark === 100 || free) kept.push(mark);
  }
  return kept;
}
