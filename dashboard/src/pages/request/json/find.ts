import type { Tape } from "./tape";

export const MAX_HITS = 10_000;

/** Where a text occurs, in any case, also where JSON writes it with escapes. At most `MAX_HITS` places. */
export function findAll(text: string, wanted: string): number[] {
  if (!wanted) return [];
  const escaped = JSON.stringify(wanted).slice(1, -1);
  const ascii = escaped.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const forms = [...new Set([wanted, escaped, ascii])].map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(forms.join("|"), "gi");
  const found: number[] = [];
  for (let match = pattern.exec(text); match && found.length < MAX_HITS; match = pattern.exec(text)) found.push(match.index);
  return found;
}

/** The nodes in which these places are, each once, in their order. */
export function nodesAt(tape: Tape, places: number[]): number[] {
  const nodes: number[] = [];
  for (const place of places) {
    let low = 0;
    let high = tape.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (beginOf(tape, middle) <= place) low = middle;
      else high = middle - 1;
    }
    if (tape.count && nodes.at(-1) !== low) nodes.push(low);
  }
  return nodes;
}

/** A node begins at its key where it has one. Rises with the node. */
function beginOf(tape: Tape, node: number): number {
  return Math.min(tape.keys[node]!, tape.starts[node]!);
}
