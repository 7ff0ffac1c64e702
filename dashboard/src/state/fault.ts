import type { ApiError } from "@/api/client";

/** What of a page's question the API could not read. */
export interface Fault {
  place: "filter" | "since" | "until" | "sort" | "columns" | "other";
  /** The character of the filter, from 0 on; null where the place is not in the filter. */
  at: number | null;
  found: string;
  accepted: string;
  /** Names of columns that look like the one that was found. */
  near: string[];
  unknownColumn: boolean;
}

/** The fault that an error of the API tells; null for errors that are not about the question. */
export function faultOf(error: ApiError): Fault | null {
  if (error.status !== 400 || !error.parameter) return null;
  const [name = ""] = /^\w+/.exec(error.parameter) ?? [];
  const character = /at character (\d+)/.exec(error.parameter);
  const place = name === "filter" || name === "q" ? "filter" : name === "since" || name === "until" || name === "sort" || name === "columns" ? name : "other";
  const near = /\(perhaps ([^)]+)\)/.exec(error.accepted);
  return {
    place,
    at: character ? Number(character[1]) - 1 : null,
    found: error.value,
    accepted: error.accepted,
    near: near ? near[1]!.split(", ") : [],
    unknownColumn: error.accepted.startsWith("a column: "),
  };
}

/** The fault in a sentence. */
export function describeFault(fault: Fault): string {
  const found = fault.found === "the end" ? "the end of the filter" : `“${fault.found}”`;
  if (fault.unknownColumn) return `There is no column ${found}.${fault.near.length ? ` Did you mean ${fault.near.join(" or ")}?` : ""}`;
  const where = fault.place === "filter" ? (fault.at === null ? "In the filter" : `Character ${fault.at + 1}`) : fault.place === "other" ? "" : `In the ${PLACES[fault.place]}`;
  return `${where ? `${where}: f` : "F"}ound ${found}; accepted: ${fault.accepted}.`;
}

const PLACES = { since: "start of the time range", until: "end of the time range", sort: "order", columns: "columns" };
