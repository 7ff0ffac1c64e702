import type { Zone } from "@/format/times";

const AGE = /^\d+(\.\d+)?[smhdw]$/i;
const MOMENT = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** Whether a text is a time that the API can read, once `toUrl` has it. */
export function isMoment(text: string): boolean {
  const given = text.trim();
  return given === "now" || AGE.test(given) || (MOMENT.test(given) && !Number.isNaN(Date.parse(given.replace(" ", "T"))));
}

/** What stands in the URL for a time that was typed: with its offset, so that the link means the same everywhere. */
export function toUrl(text: string, zone: Zone): string {
  const given = text.trim();
  if (!MOMENT.test(given)) return given.toLowerCase();
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(given) && given.length > 10;
  const iso = given.replace(" ", "T");
  const local = iso.length === 10 ? `${iso}T00:00:00` : iso;
  const at = new Date(hasZone ? iso : zone === "utc" ? `${local}Z` : local);
  return Number.isNaN(at.getTime()) ? given : at.toISOString();
}

/** The value of a `datetime-local` field for a time; empty for an age. */
export function toPicker(text: string, zone: Zone): string {
  const at = new Date(toUrl(text, zone));
  if (!/^\d{4}-/.test(text) || Number.isNaN(at.getTime())) return "";
  const shifted = zone === "utc" ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}
