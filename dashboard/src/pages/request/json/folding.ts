import { ARRAY, type Tape } from "./tape";

/** How many rows a tree opens with, about. */
const FIRST_ROWS = 300;

/** Which nodes of a tape are open, and the rows that can be seen so. */
export class Folding {
  rows = new Uint32Array(0);
  count = 0;
  private readonly open: Uint8Array;

  constructor(private readonly tape: Tape) {
    this.open = new Uint8Array(tape.count);
    this.openToDepth(this.fittingDepth());
  }

  isOpen(node: number): boolean {
    return this.open[node] === 1;
  }

  toggle(node: number): void {
    if (this.tape.kinds[node]! > ARRAY) return;
    this.open[node] = this.open[node] ? 0 : 1;
    this.rebuild();
  }

  setAll(open: boolean): void {
    this.open.fill(open ? 1 : 0);
    if (this.tape.count) this.open[0] = 1;
    this.rebuild();
  }

  /** Opens what a node lies in, and says in which row it is then. */
  reveal(node: number): number {
    let changed = false;
    for (let at = this.tape.parents[node]!; at >= 0; at = this.tape.parents[at]!) {
      if (!this.open[at]) changed = true;
      this.open[at] = 1;
    }
    if (changed) this.rebuild();
    return this.rowOf(node);
  }

  /** The row of a node that can be seen, else of the one before it. */
  rowOf(node: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.rows[middle]! <= node) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private openToDepth(depth: number): void {
    for (let node = 0; node < this.tape.count; node++) this.open[node] = this.tape.depths[node]! < depth ? 1 : 0;
    this.rebuild();
  }

  /** The deepest level down to which all nodes are few enough; at least the root is open. */
  private fittingDepth(): number {
    const counts: number[] = [];
    for (let node = 0; node < this.tape.count; node++) {
      const depth = this.tape.depths[node]!;
      if (depth < 64) counts[depth] = (counts[depth] ?? 0) + 1;
    }
    let rows = 0;
    for (let depth = 0; depth < counts.length; depth++) {
      rows += counts[depth] ?? 0;
      if (rows > FIRST_ROWS) return Math.max(1, depth - 1);
    }
    return counts.length;
  }

  private rebuild(): void {
    const { tape, open } = this;
    if (this.rows.length < tape.count) this.rows = new Uint32Array(tape.count);
    let count = 0;
    for (let node = 0; node < tape.count; ) {
      this.rows[count++] = node;
      node = tape.kinds[node]! <= ARRAY && !open[node] ? tape.nexts[node]! : node + 1;
    }
    this.count = count;
  }
}
