import styles from "./Sparkline.module.css";

/** The course of a figure over the time range, without axes: it rises or falls, and where. Empty buckets are gaps. */
export function Sparkline({ values, color = "--c1" }: { values: (number | null)[]; color?: string }) {
  const known = values.filter((value) => value != null);
  const top = Math.max(...known, 0) || 1;
  const step = 100 / Math.max(1, values.length - 1);
  let path = "";
  let open = false;
  values.forEach((value, index) => {
    if (value == null) {
      open = false;
      return;
    }
    path += `${open ? "L" : "M"}${(index * step).toFixed(2)} ${(22 - (value / top) * 20).toFixed(2)}`;
    open = true;
  });
  return (
    <svg className={styles["line"]} viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      {known.length > 1 && <path d={path} style={{ stroke: `var(${color})` }} />}
    </svg>
  );
}
