/** What the API says of a rule, at the field that it is about. */
import { ApiError } from "@/api/client";
import { ofForm } from "@/api/problems";
import { describeFault, faultOf, type Fault } from "@/state/fault";

const FIELDS = ["name", "description", "metric", "filter", "group_by", "window", "zone", "condition", "for", "keep_firing_for", "min_samples", "on_no_data", "severity", "channels", "notify_by", "update_interval", "repeat_interval"];

/** The path to the fault within the rule; previews and changes write `rule.` before it. */
function pathOf(error: unknown): string {
  return error instanceof ApiError && error.status === 400 ? error.parameter.replace(/^rule\./, "") : "";
}

/** The words for one field: `condition.value` also for `condition.value[0]`. */
export function faultAt(error: unknown, field: string): string {
  const path = pathOf(error);
  if (!(error instanceof ApiError) || !(path === field || path.startsWith(`${field}[`) || path.startsWith(`${field} at`))) return "";
  return describeFault({ place: "other", at: null, found: error.value, accepted: shortened(error.accepted), near: near(error.accepted), unknownColumn: false });
}

/** The list of all metrics or dimensions is in the menu: what is near is enough. */
function shortened(accepted: string): string {
  const names = near(accepted);
  if (/^a (metric|dimension): /.test(accepted)) return names.length ? `perhaps ${names.join(" or ")}` : accepted.split(":")[0]!;
  return accepted;
}

function near(accepted: string): string[] {
  return /\(perhaps ([^)]+)\)/.exec(accepted)?.[1]?.split(", ") ?? [];
}

/** The fault of the filter, with its place. */
export function filterFault(error: unknown): Fault | null {
  const path = pathOf(error);
  if (!(error instanceof ApiError) || !/^filter\b/.test(path)) return null;
  return faultOf(new ApiError(400, error.title, error.detail, path, error.accepted, error.value));
}

/** What is about none of the form's fields. */
export function otherFault(error: unknown): string {
  const path = pathOf(error);
  return path && FIELDS.some((field) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`) || path.startsWith(`${field} `)) ? "" : ofForm(error);
}
