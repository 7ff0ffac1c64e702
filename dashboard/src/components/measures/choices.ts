/** Menus of measures and dimensions. */

import type { components } from "@/api/schema";
import { dimensionName, measureGroup, measureName } from "./measures";

type MeasureHelp = components["schemas"]["MeasureHelp"];
type DimensionHelp = components["schemas"]["DimensionHelp"];

interface Choice {
  value: string;
  label: string;
}

export interface ChoiceGroup {
  group: string;
  items: Choice[];
}

const HEAT = ["latency", "ttft", "cost", "input_tokens", "output_tokens", "tokens_per_second", "gateway_time"];
const ORDER = ["Requests and errors", "Money", "Latency", "First token", "Tokens", "Cache", "Who", "Feedback and scores", "Speed", "Time in the gateway", "Other"];

/** Measures by what they are about. What is chosen stands there too, also where the API no longer knows it. */
export function measureChoices(measures: MeasureHelp[], scores: string[], chosen: string[], heatmap = false): ChoiceGroup[] {
  const known = heatmap
    ? HEAT.map((name) => ({ name, group: "Numbers of a call" }))
    : [
        ...measures.filter((each) => !each.name.includes("<")).map((each) => ({ name: each.name, group: measureGroup(each.name, each.unit) })),
        ...scores.flatMap((score) => [`score.${score}`, `score_rate.${score}`].map((name) => ({ name, group: "Feedback and scores" }))),
      ];
  const gone = chosen.filter((name) => !known.some((each) => each.name === name)).map((name) => ({ name, group: "Other" }));
  const all = [...known, ...gone];
  const groups = [...new Set(all.map((each) => each.group))].sort((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other));
  return groups.map((group) => ({ group, items: all.filter((each) => each.group === group).map(({ name }) => ({ value: name, label: measureName(name) })) }));
}

const USUAL = ["model", "provider", "user", "session", "key", "error", "error_origin", "status", "status_class", "prompt", "prompt_version", "tool", "operation", "cached", "name", "hour_of_day", "weekday"];
/** Short names have a column of the same values, and these have one value for each call. */
const LEFT_OUT = new Set(["org", "user_id", "session_id", "request_name", "prompt_id", "trace_id", "tool_names", "id", "span_id", "parent_span_id", "request_preview", "response_preview"]);

export function dimensionChoices(dimensions: DimensionHelp[], properties: string[], chosen: string[]): ChoiceGroup[] {
  const names = dimensions.map((each) => each.name).filter((name) => !name.includes("<") && !LEFT_OUT.has(name));
  const own = properties.map((name) => `property.${name}`);
  const usual = USUAL.filter((name) => names.includes(name));
  const rest = names.filter((name) => !usual.includes(name));
  const gone = chosen.filter((name) => ![...own, ...usual, ...rest].includes(name));
  const items = (list: string[]) => list.map((name) => ({ value: name, label: dimensionName(name) }));
  return [
    { group: "Properties", items: items(own) },
    { group: "Of the call", items: items(usual) },
    { group: "More", items: items([...rest, ...gone]) },
  ].filter((each) => each.items.length);
}
