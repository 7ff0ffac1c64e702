/** A rule in words, so that it reads as one sentence. */
import { byUnit } from "@/format/numbers";
import { operatorWord, plainValue, splitConditions } from "@/state/filterText";
import { dimensionName, measureName } from "@/components/measures/measures";
import { INGEST_LAG, NO_TRAFFIC, type Rule } from "./rule";

/** A piece of the sentence; `strong` is what a person chose. */
export interface Piece {
  text: string;
  strong?: boolean;
}

const METRICS: Record<string, string> = {
  [NO_TRAFFIC]: "No traffic",
  [INGEST_LAG]: "Lag of the log",
  limit_refusals: "Requests refused by limits",
  wrong_semantic_hits: "Wrong semantic hits",
};

export function metricName(name: string): string {
  return METRICS[name] ?? measureName(name);
}

export function dimensionWord(name: string): string {
  return dimensionName(name);
}

/** A value of a rule with its unit. */
export function valueWords(value: number | null | undefined, unit: string): string {
  if (value == null) return "no value";
  const text = byUnit(value, unit);
  if (unit === "s") return `${text} s`;
  return /^[a-z]/.test(unit) && !["ms", "ratio", "bytes", "score", "rating", "calls"].includes(unit) ? `${text} ${unit}` : text;
}

const LONG: Record<string, string> = { m: "minute", h: "hour", d: "day", w: "week" };

/** "5 minutes" of 5m, "the calendar month" of month; what cannot be read as it is. */
export function durationWords(text: string): string {
  if (text === "month") return "the calendar month";
  const found = /^(\d+)([mhdw])$/.exec(text.trim());
  if (!found) return text || "?";
  const many = Number(found[1]);
  return `${many} ${LONG[found[2]!]}${many === 1 ? "" : "s"}`;
}

/** The window after "in": "the last 5 minutes", "this month". */
export function windowWords(window: string): string {
  if (window === "month") return "this calendar month";
  const words = durationWords(window);
  return `the last ${words.replace(/^1 /, "")}`;
}

const AGAINST = { previous: "in the window before", last_week: "at the same time last week" } as const;

/** An amount that a person chose, without the zeros that line columns up: $0.10, 20 s. */
function amountWords(value: number, unit: string): string {
  if (unit === "USD" && Number.isFinite(value)) return `${value < 0 ? "−" : ""}$${Math.abs(value).toLocaleString("en", { minimumFractionDigits: Number.isInteger(value) ? 0 : 2, maximumFractionDigits: 9 })}`;
  return valueWords(value, unit).replace(/(\.\d*?)0+ (s|ms|%)$/, "$1 $2").replace(/\. (s|ms|%)$/, " $1");
}

/** The condition after the metric: "is above $10". */
export function conditionWords(rule: Rule, unit: string): string {
  const { kind, op, value, against, weeks } = rule.condition;
  if (rule.metric === NO_TRAFFIC) return "there is no request, though there were some in the day before";
  if (kind === "threshold") return `is ${op} ${amountWords(value, unit)}`;
  if (kind === "change") {
    const word = op === "above" ? "more" : op === "below" ? "less" : "more or less";
    return `is ${number(value)} % ${word} than ${AGAINST[against]}`;
  }
  const word = op === "above" ? "above" : op === "below" ? "below" : "above or below";
  return `is ${number(value)} standard deviations ${word} what is usual (same window, last ${weeks} weeks)`;
}

/** The condition in few words, for a column. */
export function shortCondition(rule: Rule, unit: string): string {
  const { kind, op, value, against } = rule.condition;
  if (rule.metric === NO_TRAFFIC) return "";
  if (kind === "threshold") return `${op} ${amountWords(value, unit)}`;
  const sign = op === "above" ? "+" : op === "below" ? "−" : "±";
  if (kind === "change") return `${sign}${number(value)} % to ${against === "previous" ? "the window before" : "last week"}`;
  return `${sign}${number(value)} σ of the usual`;
}

function number(value: number): string {
  return Number.isFinite(value) ? value.toLocaleString("en", { maximumFractionDigits: 4 }) : "?";
}

/** The filter in words: "user is ada and status ≥ 400". */
export function filterWords(filter: string): string {
  return splitConditions(filter)
    .map((each) => (each.column ? `${each.column.replace(/^property\./, "")} ${operatorWord(each)} ${plainValue(each)}`.trim() : each.text))
    .join(" and ");
}

/** The whole rule: "When cost of requests with plan is pro, for each user, in the last 24 hours, is above $10, for 5 minutes." */
export function sentence(rule: Rule, unit: string): Piece[] {
  const pieces: Piece[] = [];
  const say = (text: string, strong = false) => pieces.push({ text, strong });
  const filter = filterWords(rule.filter);
  const groups = rule.group_by.map(dimensionWord).join(" and ");
  if (rule.metric === NO_TRAFFIC) {
    say("Alert when ");
    if (groups) (say("for any "), say(groups, true), say(" "));
    say("there is no request", true);
    if (filter) (say(" with "), say(filter, true));
    say(" in ");
    say(windowWords(rule.window), true);
    say(", though there were some in the day before");
  } else {
    say("Alert when ");
    say(lowerFirst(metricName(rule.metric)) || "a metric", true);
    if (rule.metric !== INGEST_LAG) {
      if (filter) (say(" of requests with "), say(filter, true));
      if (groups) (say(" of any "), say(groups, true));
      say(" in ");
      say(windowWords(rule.window), true);
    }
    say(" ");
    say(conditionWords(rule, unit), true);
  }
  if (!isNothing(rule.for)) (say(", for "), say(durationWords(rule.for), true));
  if (rule.min_samples > 0) (say(", if there are at least "), say(`${rule.min_samples.toLocaleString("en")} requests`, true));
  say(".");
  if (rule.metric !== NO_TRAFFIC) {
    const back = rule.condition.resolve;
    const keep = isNothing(rule.keep_firing_for) ? "" : durationWords(rule.keep_firing_for);
    if (back !== null || keep) {
      say(" It is over when ");
      say(back === null ? "that has not been so" : rule.condition.kind === "threshold" ? `it is back at ${amountWords(back, unit)}` : `it is back within ${number(back)}${rule.condition.kind === "change" ? " %" : " standard deviations"}`, true);
      if (keep) (say(" for "), say(keep, true));
      say(".");
    }
  }
  return pieces;
}

export function sentenceText(rule: Rule, unit: string): string {
  return sentence(rule, unit).map((each) => each.text).join("");
}

function isNothing(duration: string): boolean {
  return /^0[mhdw]?$/.test(duration.trim());
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

export type AlertState = "alerting" | "error" | "pending" | "recovering" | "no_data" | "normal" | "off" | "waiting";

/** Words of states, the worst first. */
export const STATES: Record<AlertState, { word: string; help: string; tone: "bad" | "warn" | "ok" | "quiet" }> = {
  alerting: { word: "Firing", help: "The condition holds", tone: "bad" },
  error: { word: "Error", help: "The rule could not be evaluated", tone: "bad" },
  recovering: { word: "Recovering", help: "The condition holds no more; not yet for long enough", tone: "warn" },
  pending: { word: "Pending", help: "The condition holds, but not yet for long enough", tone: "warn" },
  no_data: { word: "No data", help: "There is nothing to compute the value from", tone: "quiet" },
  normal: { word: "Normal", help: "The condition does not hold", tone: "ok" },
  waiting: { word: "Waiting", help: "Ready-made: it begins with the first channel", tone: "quiet" },
  off: { word: "Off", help: "The rule is switched off", tone: "quiet" },
};

export function stateWord(state: string): string {
  return STATES[state as AlertState]?.word ?? state;
}

/** The state of a rule for a list: switched off and waiting ones have none of their own. */
export function stateOf(alert: { state: string; waits_for_channel: boolean; rule: { enabled?: boolean } }): AlertState {
  if (alert.rule.enabled === false) return "off";
  return alert.waits_for_channel ? "waiting" : (alert.state as AlertState);
}

const ORDER = Object.keys(STATES);

export function byUrgency(one: { state: AlertState; name: string }, other: { state: AlertState; name: string }): number {
  return ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || one.name.localeCompare(other.name);
}
