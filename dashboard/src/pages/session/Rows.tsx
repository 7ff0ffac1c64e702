import { memo, type CSSProperties } from "react";
import type { Branch, SessionCall } from "@/api/sessions";
import { Icon } from "@/components/Icon";
import { ABSENT, count, duration, money, shortCount } from "@/format/numbers";
import { barOf, type Axis } from "./axis";
import styles from "./Rows.module.css";

interface Place {
  offset: number;
  index: number;
  depth: number;
  cursor: boolean;
  axis: Axis;
}

const shift = (depth: number): CSSProperties => ({ paddingLeft: 10 + Math.min(depth, 12) * 16 });

/** A branch of the tree: what is below it came to so much, and lasted from here to there. */
export const BranchRow = memo(function BranchRow({ branch, name, open, onToggle, onZoom, ...place }: Place & { branch: Branch; name: string; open: boolean; onToggle: (path: string) => void; onZoom: (axis: Axis) => void }) {
  const bar = barOf(branch.start_ms, branch.end_ms, place.axis);
  const lasted = branch.end_ms - branch.start_ms;
  return (
    <div role="row" aria-level={place.depth + 1} aria-expanded={open} className={styles["row"]} data-branch data-cursor={place.cursor || undefined} data-index={place.index} style={{ transform: `translateY(${place.offset}px)` }}>
      <div role="cell" className={styles["name"]} style={shift(place.depth)}>
        <button type="button" className={styles["fold"]} onClick={() => onToggle(branch.path)} aria-label={`${open ? "Fold" : "Unfold"} ${branch.path}`} tabIndex={-1}>
          <Icon name={open ? "down" : "right"} size={12} />
          <b title={branch.path}>{name}</b>
        </button>
        <span className={styles["many"]}>{count(branch.calls)}</span>
        {branch.errors > 0 && <span className={styles["errors"]} title={`${count(branch.errors)} failed calls`}>{count(branch.errors)} failed</span>}
      </div>
      <div role="cell" className={styles["track"]}>
        {bar && <i className={styles["span"]} style={{ left: `${bar.left}%`, width: `max(3px, ${bar.width}%)` }} title={`${duration(lasted)}, ${duration(branch.busy_ms)} of calls. Double click: only this on the axis`} onDoubleClick={() => onZoom({ from: branch.start_ms, to: branch.end_ms })} />}
      </div>
      <div role="cell" className={styles["number"]}>{duration(lasted)}</div>
      <div role="cell" className={styles["number"]} data-wide title={`${count(branch.input_tokens)} in, ${count(branch.output_tokens)} out`}>{shortCount(branch.input_tokens + branch.output_tokens)}</div>
      <div role="cell" className={styles["number"]} data-wide title={branch.unknown_cost_calls ? `${count(branch.unknown_cost_calls)} calls without a known cost are left out` : undefined}>
        {branch.cost == null && !branch.unknown_cost_calls ? ABSENT : money(branch.cost)}
      </div>
    </div>
  );
});

/** One call with its bar: until the first token, then to the end. */
export const CallRow = memo(function CallRow({ call, flat, href, opened, onOpen, onTool, ...place }: Place & { call: SessionCall; flat: boolean; href: string; opened: boolean; onOpen: (id: string, index: number) => void; onTool: (call: SessionCall, tool: string) => void }) {
  const end = call.start_ms + (call.latency_ms ?? 0);
  const bar = barOf(call.start_ms, end, place.axis);
  const first = call.ttft_ms != null && call.latency_ms ? Math.min(100, (call.ttft_ms / call.latency_ms) * 100) : 0;
  const step = call.operation === "tool";
  return (
    <div role="row" aria-level={place.depth + 1} aria-selected={opened || undefined} className={styles["row"]} data-cursor={place.cursor || undefined} data-tone={call.failed ? "bad" : undefined} data-index={place.index} onClick={(event) => !(event.target as Element).closest("a, button") && onOpen(call.id, place.index)} style={{ transform: `translateY(${place.offset}px)` }}>
      <div role="cell" className={styles["name"]} style={shift(place.depth)}>
        <a
          href={href}
          className={styles["link"]}
          aria-label={`Call ${call.id}`}
          tabIndex={-1}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
            event.preventDefault();
            onOpen(call.id, place.index);
          }}
        />
        <span className={styles["dot"]} data-kind={call.failed ? "bad" : step ? "tool" : call.cached ? "cached" : "ok"} />
        <span className={styles["what"]}>{call.name || (step ? call.tool_names[0] : call.operation) || "call"}</span>
        {call.failed && <span className={styles["errors"]}>{call.error || call.status}</span>}
        {!step &&
          call.tool_names.slice(0, 3).map((tool) => (
            <button type="button" key={tool} className={styles["tool"]} tabIndex={-1} title={`Called the tool ${tool}: go to the call that carried its result`} onClick={() => onTool(call, tool)}>
              {tool} →
            </button>
          ))}
        {call.tool_names.length > 3 && <span className="dim">+{call.tool_names.length - 3}</span>}
        <span className={styles["model"]}>{flat && call.path ? `${call.path}  ` : ""}{call.model}</span>
      </div>
      <div role="cell" className={styles["track"]}>
        {bar && (
          <i className={styles["bar"]} data-kind={call.failed ? "bad" : step ? "tool" : call.cached ? "cached" : "ok"} style={{ left: `${bar.left}%`, width: `max(2px, ${bar.width}%)` }} title={`${duration(call.latency_ms)}${call.ttft_ms == null ? "" : `, first token after ${duration(call.ttft_ms)}`}; began ${duration(call.start_ms)} after the start`}>
            {first > 0 && !call.failed && <i style={{ width: `${first}%` }} />}
          </i>
        )}
      </div>
      <div role="cell" className={styles["number"]}>{duration(call.latency_ms)}</div>
      <div role="cell" className={styles["number"]} data-wide title={`${count(call.input_tokens)} in, ${count(call.output_tokens)} out`}>
        {call.input_tokens == null && call.output_tokens == null ? <span className="dim">{ABSENT}</span> : shortCount((call.input_tokens ?? 0) + (call.output_tokens ?? 0))}
      </div>
      <div role="cell" className={styles["number"]} data-wide>
        {call.cached ? <span className={styles["free"]}>$0</span> : call.cost == null && (call.failed || step) ? <span className="dim">{ABSENT}</span> : money(call.cost)}
      </div>
    </div>
  );
});

/** A call that is on its way. */
export function WaitingRow({ offset, index, depth }: { offset: number; index: number; depth: number }) {
  return (
    <div role="row" aria-busy="true" className={styles["row"]} data-index={index} style={{ transform: `translateY(${offset}px)` }}>
      <div role="cell" className={styles["name"]} style={shift(depth)}>
        <i className={styles["waiting"]} style={{ width: `${90 + ((index * 37) % 120)}px` }} />
      </div>
      <div role="cell" className={styles["track"]} />
      <div role="cell" />
      <div role="cell" data-wide />
      <div role="cell" data-wide />
    </div>
  );
}

/** Branches that the answer left out. */
export function MoreRow({ offset, index, depth, missing, onMore }: { offset: number; index: number; depth: number; missing: number; onMore: () => void }) {
  return (
    <div role="row" className={styles["row"]} data-index={index} style={{ transform: `translateY(${offset}px)` }}>
      <div role="cell" className={styles["name"]} style={shift(depth)}>
        <button type="button" className={styles["fold"]} onClick={onMore}>
          {count(missing)} more branches …
        </button>
      </div>
    </div>
  );
}
