import { figure, groupName, useMetrics } from "@/api/metrics";
import { BarList } from "@/components/BarList";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { byUnit, change } from "@/format/numbers";
import { addCondition, useScope } from "@/state/search";

interface Props {
  dimension: string;
  measure: string;
  /** What stands for calls without a value. */
  none: string;
  filter?: string;
  rows?: number;
  color?: string;
}

/** The groups with the highest value of a measure, with their change against the period before. */
export function TopList({ dimension, measure, none, filter = "", rows = 5, color }: Props) {
  const [scope] = useScope();
  const q = `${scope.q} ${filter}`.trim();
  const query = useMetrics({ filter: q || null, measures: [measure], dimensions: [dimension], compare: "previous", top: { n: rows, by: measure } });
  return (
    <Loaded query={query} skeleton={<RowsSkeleton rows={rows} />}>
      {(answer) => {
        const unit = answer.measures[0]?.unit ?? "";
        const groups = answer.groups.filter((group) => group.totals[measure] != null);
        if (!groups.length) return <Empty title="Nothing in this range" />;
        return (
          <BarList
            {...(color ? { color } : {})}
            bars={groups.map((group) => {
              const value = Object.values(group.key)[0];
              return {
                key: groupName(group),
                label: groupName(group, none),
                size: figure(group.totals, measure) ?? 0,
                value: byUnit(figure(group.totals, measure), unit),
                beside: change(figure(group.totals, measure), figure(group.previous, measure)),
                to: "/requests",
                search: { ...scope, q: value ? addCondition(q, dimension, value) : `${q} NOT ${dimension}:*`.trim() },
              };
            })}
          />
        );
      }}
    </Loaded>
  );
}
