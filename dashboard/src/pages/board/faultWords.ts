import { ApiError } from "@/api/client";

const LONGEST = 180;

/** Why a tile's question was refused, in the words of a board: what the tile names that is not there, or what the API says. */
export function faultWords(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const found = /(?:found|is) (['"])(.*?)\1/.exec(error.detail)?.[2] ?? "";
  if (found && /^measures?\b/.test(error.parameter)) return `There is no measure "${found}". Edit the tile and choose another.`;
  if (found && /^dimensions\b/.test(error.parameter)) return `There is no column "${found}" to group by. Edit the tile and choose another.`;
  if (error.parameter.startsWith("filter")) return `The filter cannot be used: ${short(error.detail)}`;
  return short(error.message);
}

/** Without the list of all that would be accepted, where it is long. */
function short(text: string): string {
  const cut = text.length > LONGEST ? text.replace(/[;,]? accepted: [\s\S]*$/, "") : text;
  return cut.length > LONGEST ? `${cut.slice(0, LONGEST)}…` : cut;
}
