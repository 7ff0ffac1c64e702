import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useAnyGroup, type GroupList } from "@/api/groups";
import { Copy } from "@/components/Bits";
import { Empty, RowsSkeleton } from "@/components/States";
import { useScope } from "@/state/search";
import styles from "./groups.module.css";

export interface NoGroupsProps {
  list: GroupList;
  /** The property, for a list of values. */
  name?: string;
  /** In the plural: "sessions". */
  what: string;
  /** Where the log holds none at all: why, and what to send. */
  first: { title: string; text: ReactNode; code?: string };
}

/** An empty list: nothing matches, nothing in this range, or nothing yet, and what to do in each case. */
export function NoGroups({ list, name, what, first }: NoGroupsProps) {
  const [scope, setScope] = useScope();
  const any = useAnyGroup(list, true, name);
  if (any.isPending) return <RowsSkeleton rows={3} />;
  if (any.data === false) {
    return (
      <Empty title={first.title} action={first.code && <Snippet code={first.code} />}>
        {first.text}
      </Empty>
    );
  }
  const longer = (
    <div className={styles["ranges"]}>
      {scope.q && <Button onClick={() => setScope({ q: "" })}>Clear the filter</Button>}
      {["7d", "30d", "90d"].map((since) => (
        <Button key={since} variant="default" onClick={() => setScope({ since, until: "" })}>
          Last {since.replace("d", " days")}
        </Button>
      ))}
    </div>
  );
  return (
    <Empty title={scope.q ? `No ${what} match` : `No ${what} in this range`} action={longer}>
      {scope.q ? "Take a condition out of the filter, or choose a longer range." : `There are ${what} at other times. Choose a longer range.`}
    </Empty>
  );
}

/** Code that can be copied. */
export function Snippet({ code }: { code: string }) {
  return (
    <div className={styles["snippet"]}>
      <pre>{code}</pre>
      <Copy text={code} label="Copy the code" />
    </div>
  );
}
