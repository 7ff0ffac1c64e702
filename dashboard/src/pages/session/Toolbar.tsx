import { Button, SegmentedControl } from "@mantine/core";
import { memo, useCallback, type RefObject } from "react";
import type { SessionOutline } from "@/api/sessions";
import { useScope } from "@/state/search";
import type { Axis, AxisMode } from "./axis";
import { AxisLabels, Minimap } from "./Minimap";
import styles from "./Toolbar.module.css";
import type { Waterfall } from "./useWaterfall";

interface Props {
  flat: boolean;
  anyFolded: boolean;
  /** The rows as they are when a button is pressed: a scroll does not draw the buttons again. */
  rows: RefObject<Waterfall>;
  outline: SessionOutline;
  axis: Axis;
  mode: AxisMode;
  onAxis: (axis: Axis | "all" | "rows") => void;
  ticks: number;
}

/** What stands above the waterfall and stays in view: how it is shown, where to jump, and the axis of time. */
export const Toolbar = memo(function Toolbar({ flat, anyFolded, rows, outline, axis, mode, onAxis, ticks }: Props) {
  const [, setScope] = useScope();
  const choose = useCallback((part: Axis | null) => onAxis(part ?? "all"), [onAxis]);
  const { first_error, slowest, most_expensive } = outline;
  return (
    <div className={styles["bar"]}>
      <div className={styles["tools"]}>
        <SegmentedControl
          aria-label="Order of calls"
          value={flat ? "time" : "tree"}
          onChange={(view) => setScope({ view: view === "tree" ? "" : view }, true)}
          data={[{ value: "tree", label: "Tree" }, { value: "time", label: "In order of time" }]}
        />
        {!flat && (
          <Button variant="subtle" color="gray" onClick={() => (anyFolded ? rows.current.unfoldAll() : rows.current.foldAll())}>
            {anyFolded ? "Unfold all" : "Fold all"}
          </Button>
        )}
        <span className={styles["gap"]} />
        {first_error && (
          <Button title="Go to the next failed call (e)" onClick={() => void rows.current.nextError()}>
            <span className={styles["bad"]}>Next error</span>&nbsp;<kbd>e</kbd>
          </Button>
        )}
        {slowest && (
          <Button onClick={() => rows.current.jump(slowest)} title="Go to the slowest call">
            Slowest
          </Button>
        )}
        {most_expensive && (
          <Button onClick={() => rows.current.jump(most_expensive)} title="Go to the most expensive call">
            Most expensive
          </Button>
        )}
        <SegmentedControl
          aria-label="Time axis"
          value={mode}
          onChange={(to) => to !== "part" && onAxis(to as "all" | "rows")}
          data={[{ value: "all", label: "Whole time" }, { value: "rows", label: "Rows in view" }, ...(mode === "part" ? [{ value: "part", label: "Part" }] : [])]}
        />
      </div>
      <div className={styles["axis"]}>
        <div className={styles["names"]}>
          <span>{flat ? "Call" : "Path and call"}</span>
          <span className={styles["key"]}>
            <i data-first /> to the first token
            <i /> tokens
          </span>
        </div>
        <div className={styles["time"]}>
          <Minimap running={outline.running} failed={outline.failed} length={outline.duration_ms || 1} axis={axis} onAxis={choose} />
          <AxisLabels axis={axis} most={ticks} />
        </div>
        <span>Lasted</span>
        <span data-wide>Tokens</span>
        <span data-wide>Cost</span>
      </div>
    </div>
  );
});
