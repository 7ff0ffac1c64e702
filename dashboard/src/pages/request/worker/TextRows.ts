const MAX_ROW = 1000;
const MAX_ROWS = 1_000_000;

/** A text as rows: its lines, and pieces of those that are longer than anybody would want in one. */
export class TextRows {
  readonly count: number;
  private readonly starts: Uint32Array;

  constructor(private readonly text: string) {
    let starts = new Uint32Array(1024);
    let count = 0;
    for (let at = 0; at < text.length && count < MAX_ROWS; count++) {
      if (count === starts.length) {
        const larger = new Uint32Array(count * 2);
        larger.set(starts);
        starts = larger;
      }
      starts[count] = at;
      const line = text.indexOf("\n", at);
      at = line >= 0 && line - at < MAX_ROW ? line + 1 : Math.min(text.length, at + MAX_ROW);
    }
    this.count = count;
    this.starts = starts;
  }

  row(index: number): string {
    const end = index + 1 < this.count ? this.starts[index + 1]! : this.starts[index]! + MAX_ROW;
    return this.text.slice(this.starts[index]!, end).replace(/\r?\n$/, "");
  }

  rowAt(place: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
