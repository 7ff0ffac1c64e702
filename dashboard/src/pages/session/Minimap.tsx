import { memo, useRef, useState, type PointerEvent } from "react";
import { tickText, ticksOf, type Axis } from "./axis";
import styles from "./Minimap.module.css";

interface Props {
  running: number[];
  failed: number[];
  length: number;
  axis: Axis;
  onAxis: (axis: Axis | null) => void;
}

const HEIGHT = 40;

/** How many calls ran when, over the whole session, and where the failed ones began. Drag: only that part on the axis. */
export function Minimap({ running, failed, length, axis, onAxis }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const top = Math.max(...running, 1);
  const whole = axis.from === 0 && axis.to >= length;
  const share = (event: PointerEvent) => {
    const { left, width } = box.current!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - left) / width));
  };
  const chosen = drag ? { from: Math.min(drag.from, drag.to), to: Math.max(drag.from, drag.to) } : whole ? null : { from: axis.from / length, to: axis.to / length };
  return (
    <div
      ref={box}
      className={styles["map"]}
      role="img"
      aria-label={`Up to ${top} calls at once over ${tickText(Math.round(length))}`}
      title="Calls running over time; drag to enlarge a part"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: share(event), to: share(event) });
      }}
      onPointerMove={(event) => drag && setDrag({ ...drag, to: share(event) })}
      onPointerUp={() => {
        if (drag) onAxis(chosen && chosen.to - chosen.from > 0.004 ? { from: chosen.from * length, to: chosen.to * length } : null);
        setDrag(null);
      }}
    >
      <Bars running={running} failed={failed} />
      {chosen && <span className={styles["chosen"]} style={{ left: `${chosen.from * 100}%`, width: `${(chosen.to - chosen.from) * 100}%` }} />}
    </div>
  );
}

const Bars = memo(function Bars({ running, failed }: { running: number[]; failed: number[] }) {
  const top = Math.max(...running, 1);
  const bar = (at: number, y: number) => `M${at} ${y}h1.02V${HEIGHT}h-1.02z`;
  return (
    <svg viewBox={`0 0 ${running.length} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={running.map((calls, at) => (calls ? bar(at, HEIGHT - Math.max(2, (calls / top) * HEIGHT)) : "")).join("")} />
      <path data-bad d={failed.map((calls, at) => (calls ? bar(at, HEIGHT - 3) : "")).join("")} />
    </svg>
  );
});

/** The times of the axis. */
export function AxisLabels({ axis, most }: { axis: Axis; most: number }) {
  const length = axis.to - axis.from;
  return (
    <div className={styles["labels"]} aria-hidden="true">
      {ticksOf(axis, most).map((at) => {
        const left = ((at - axis.from) / length) * 100;
        return (
          <span key={at} style={{ left: `${left}%` }} data-end={left > 92 || undefined}>
            {tickText(at)}
          </span>
        );
      })}
    </div>
  );
}

/** Lines at the times of the axis, behind all rows. */
export function AxisLines({ axis, most }: { axis: Axis; most: number }) {
  const length = axis.to - axis.from;
  return (
    <div className={styles["lines"]} aria-hidden="true">
      {ticksOf(axis, most).map((at) => (
        <span key={at} style={{ left: `${((at - axis.from) / length) * 100}%` }} />
      ))}
    </div>
  );
}
