import { cellText } from "./cells";

/** Rows in the order of one column: numbers by size, all else as text; null comes last. */
export function sortRows(rows: unknown[][], at: number, down: boolean): unknown[][] {
  const sign = down ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [one[at] ?? null, other[at] ?? null];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * cellText(a).localeCompare(cellText(b), "en", { numeric: true });
  });
}
