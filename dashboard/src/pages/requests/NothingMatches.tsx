import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useAnyCall } from "@/api/requests";
import { Empty, RowsSkeleton } from "@/components/States";
import { plainValue, splitConditions, withoutCondition } from "@/state/filterText";
import { useScope } from "@/state/search";
import { wider } from "@/state/ranges";
import styles from "./NothingMatches.module.css";

/** No call in the list: an empty log, a filter that nothing matches, or a range without calls; and the way on. */
export function NothingMatches() {
  const [scope, setScope] = useScope();
  const any = useAnyCall(true);
  const conditions = splitConditions(scope.q);
  const next = wider(scope);
  if (any.isPending) return <RowsSkeleton rows={4} />;
  if (any.data === false) {
    return (
      <Empty title="No call has been logged yet" action={<Link to="/">Show how to send the first call</Link>}>
        Point your program at the gateway. Calls show up here about a second after they ended.
      </Empty>
    );
  }
  return (
    <Empty
      title={scope.q ? "No call matches" : "No calls in this range"}
      action={
        <div className={styles["actions"]}>
          {next && <Button onClick={() => setScope({ since: next.since, until: "" })}>{next.label}</Button>}
          {conditions.length > 1 &&
            conditions.map((condition) => (
              <Button key={condition.start} onClick={() => setScope({ q: withoutCondition(scope.q, condition) })}>
                Without {condition.column ? condition.text : `“${plainValue(condition)}”`}
              </Button>
            ))}
          {scope.q && <Button onClick={() => setScope({ q: "" })}>Clear the filter</Button>}
        </div>
      }
    >
      {scope.q ? "Widen the time range, or take a condition out of the filter." : "Widen the time range. Calls show up about a second after they ended."}
    </Empty>
  );
}
