import { figure, useMetrics } from "@/api/metrics";
import { Figure, Figures } from "@/components/Bits";
import { BlockSkeleton, Loaded } from "@/components/States";
import { change, count, many, percent } from "@/format/numbers";
import { addCondition, joinCondition, useScope } from "@/state/search";
import { ORIGINS } from "./groupFilter";

/** Failed calls by whose failure they are. Each figure filters the page. */
export function Headline() {
  const [scope] = useScope();
  const all = useMetrics({ measures: ["calls", "errors", "error_rate", "users"], compare: "previous" });
  const origins = useMetrics({ filter: joinCondition(scope.q, "failed:true"), measures: ["calls", "users"], dimensions: ["error_origin"], compare: "previous" });
  const { since, until, zone } = scope;
  return (
    <Loaded query={all} skeleton={<BlockSkeleton height={86} />}>
      {({ total }) => (
        <Figures>
          <Figure
            label="Failed calls"
            value={count(figure(total.totals, "errors"))}
            change={change(figure(total.totals, "errors"), figure(total.previous, "errors"))}
            goodWhen="down"
            sub={`${percent(figure(total.totals, "error_rate"))} of all`}
            to="/requests"
            search={{ q: joinCondition(scope.q, "failed:true"), since, until, zone }}
          />
          {Object.entries(ORIGINS).map(([origin, { label }]) => {
            const group = origins.data?.groups.find((each) => each.key["error_origin"] === origin);
            const calls = origins.data ? (figure(group?.totals, "calls") ?? 0) : null;
            return (
              <Figure
                key={origin}
                label={label}
                value={count(calls)}
                change={group ? change(calls, figure(group.previous, "calls") ?? 0) : ""}
                goodWhen="down"
                sub={group ? many(figure(group.totals, "users"), "user") : ""}
                to="/errors"
                search={{ ...scope, q: addCondition(scope.q, "error_origin", origin) }}
              />
            );
          })}
        </Figures>
      )}
    </Loaded>
  );
}
