import type { Draft } from "./draft";
import type { Json } from "./json";
import type { Typed } from "./variables";

/** What one page hands to another of this tab: a draft that is not saved, with the values typed for it. */
export interface Handed {
  prompt: string;
  version: number;
  draft: Draft;
  variables: Json[];
  typed: Typed;
}

let handed: Handed | null = null;

export function handOver(what: Handed): void {
  handed = what;
}

/** What was handed over for this prompt; null after a reload, or in another tab. */
export function takeOver(prompt: string): Handed | null {
  return handed?.prompt === prompt ? handed : null;
}
