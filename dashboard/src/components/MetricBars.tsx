import { figure, groupName, useMetrics } from "@/api/metrics";
import { byUnit, percent } from "@/format/numbers";
import { addCondition, joinCondition, useScope } from "@/state/search";
import { BarList } from "./BarList";
import { Empty, Loaded, RowsSkeleton } from "./States";

interface Props {
  dimension: string;
  measure: string;
  /** A condition of the calls that count; the rows lead to them. */
  filter?: string;
  /** One more condition of the calls that rows lead to, where the figures are of more calls than those. */
  within?: string;
  /** What stands for calls without a value. */
  none: string;
  /** A ratio that stands beside each value. */
  beside?: string;
  nameOf?: (value: string) => string;
  empty: string;
  rows?: number;
  color?: string;
}

/** The groups that have most of a measure; each leads to its calls. */
export function MetricBars({ dimension, measure, filter = "", within = "", none, beside, nameOf, empty, rows = 6, color }: Props) {
  const [scope] = useScope();
  const q = filter ? joinCondition(scope.q, filter) : scope.q;
  const query = useMetrics({ filter: q || null, measures: beside ? [measure, beside] : [measure], dimensions: [dimension], top: { n: rows, by: measure } });
  return (
    <Loaded query={query} skeleton={<RowsSkeleton rows={rows} />}>
      {(answer) => {
        const unit = answer.measures[0]?.unit ?? "";
        const groups = answer.groups.filter((group) => group.totals[measure]);
        if (!groups.length) return <Empty title={empty} />;
        return (
          <BarList
            {...(color ? { color } : {})}
            bars={groups.map((group) => {
              const value = Object.values(group.key)[0];
              const text = value === null || value === undefined ? "" : String(value);
              return {
                key: groupName(group),
                label: text && nameOf ? nameOf(text) : groupName(group, none),
                size: figure(group.totals, measure) ?? 0,
                value: byUnit(figure(group.totals, measure), unit),
                beside: beside ? percent(figure(group.totals, beside)) : "",
                to: "/requests",
                search: { ...scope, q: addCondition(within ? joinCondition(q, within) : q, dimension, value ?? null) },
              };
            })}
          />
        );
      }}
    </Loaded>
  );
}
