import type { Event } from "@/api/requests";
import { CallTabs } from "./CallTabs";
import { CostLines } from "./CostLines";
import { Decisions } from "./Decisions";
import { ErrorPanel, Facts } from "./Facts";
import { Headline } from "./Headline";
import styles from "./Page.module.css";
import { Properties } from "./said/Properties";
import { Said } from "./said/Said";
import { SessionPanel } from "./SessionPanel";
import { Timeline } from "./Timeline";
import { CallDocuments } from "./worker/CallDocuments";

/** One call, for the page and for the drawer: it lays itself out by the width that it has. */
export function CallView({ call }: { call: Event }) {
  return (
    <div className={styles["view"]}>
      <ErrorPanel call={call} />
      <Headline call={call} />
      <div className={styles["columns"]}>
        <div className={styles["left"]}>
          <Timeline call={call} />
          <CallDocuments key={call.id} call={call}>
            <CallTabs call={call} />
          </CallDocuments>
        </div>
        <div className={styles["right"]}>
          <CostLines call={call} />
          <Decisions call={call} />
          <SessionPanel call={call} />
          <Properties key={call.id} call={call} />
          <Said key={`said ${call.id}`} call={call} />
          <Facts call={call} />
        </div>
      </div>
    </div>
  );
}
