import { SegmentedControl } from "@mantine/core";

interface Props<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  /** What stands for each value, in order. */
  options: Record<T, string>;
  fullWidth?: boolean;
}

/** One of a few values, all in sight. */
export function Segments<T extends string>({ label, value, onChange, options, fullWidth = false }: Props<T>) {
  const data = Object.entries<string>(options).map(([each, words]) => ({ value: each, label: words }));
  return <SegmentedControl aria-label={label} fullWidth={fullWidth} value={value} onChange={(chosen) => onChange(chosen as T)} data={data} />;
}
