import type uPlot from "uplot";
import type { ChartProps } from "./Chart";

/** The highest value of the dashed lines, so that the axis reaches up to them. A little more, so that they are not the edge. */
export function highestLimit(props: ChartProps): number {
  let high = 0;
  for (const limit of props.limits ?? []) for (const value of limit.values) if (value != null && value > high) high = value;
  return high * 1.04;
}

/** Times that are marked: a soft ground with a line above it, behind all series. */
export function drawMarks(plot: uPlot, props: ChartProps, ground: string, line: string): void {
  const { ctx, bbox } = plot;
  const right = bbox.left + bbox.width;
  const thick = 2 * devicePixelRatio;
  for (const mark of props.marks ?? []) {
    const from = Math.max(bbox.left, plot.valToPos(mark.since, "x", true));
    const to = Math.min(right, mark.until === null ? right : plot.valToPos(mark.until, "x", true));
    if (from > right || to < bbox.left) continue;
    const width = Math.max(thick, to - from);
    ctx.fillStyle = ground;
    ctx.fillRect(from, bbox.top, width, bbox.height);
    ctx.fillStyle = line;
    ctx.fillRect(from, bbox.top, width, thick);
    ctx.fillRect(from, bbox.top, devicePixelRatio, bbox.height);
  }
}

/** Dashed lines over the series. */
export function drawLimits(plot: uPlot, props: ChartProps, css: (name: string) => string): void {
  const { ctx, bbox } = plot;
  for (const limit of props.limits ?? []) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.strokeStyle = css(limit.color);
    ctx.lineWidth = 1.25 * devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    let drawing = false;
    limit.values.forEach((value, at) => {
      if (value == null) {
        drawing = false;
        return;
      }
      const x = plot.valToPos(props.times[at]!, "x", true);
      const y = plot.valToPos(value, "y", true);
      if (drawing) ctx.lineTo(x, y);
      else ctx.moveTo(x, y);
      drawing = true;
    });
    ctx.stroke();
    ctx.restore();
  }
}
