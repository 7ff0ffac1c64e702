import styles from "./SparkBars.module.css";

/** The course of calls over a range: a bar for each part of it, failed ones red at the foot. */
export function SparkBars({ values, errors = [], label }: { values: number[]; errors?: number[]; label: string }) {
  const top = Math.max(...values, 1);
  const height = (value: number) => (value === 0 ? 0 : Math.max(1.5, (value / top) * 20));
  return (
    <svg className={styles["spark"]} viewBox={`0 0 ${values.length * 4} 20`} preserveAspectRatio="none" role="img" aria-label={label}>
      <title>{label}</title>
      {values.map((value, at) => (value ? <rect key={at} x={at * 4} width={3} y={20 - height(value)} height={height(value)} /> : null))}
      {errors.map((value, at) => (value ? <rect key={at} data-bad x={at * 4} width={3} y={20 - height(value)} height={height(value)} /> : null))}
      <line x1={0} x2={values.length * 4} y1={20} y2={20} />
    </svg>
  );
}
