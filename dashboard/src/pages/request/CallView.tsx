import type { Event } from "@/api/requests";
import { CallTabs } from "./CallTabs";
import { CostLines } from "./CostLines";
import { Facts } from "./Facts";
import { Headline } from "./Headline";
import styles from "./Page.module.css";
import { Timeline } from "./Timeline";
import { CallDocuments } from "./worker/CallDocuments";

/** One call, for the page and for the drawer: it lays itself out by the width that it has. */
export function CallView({ call }: { call: Event }) {
  return (
    <div className={styles["view"]}>
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
          <Facts call={call} />
        </div>
      </div>
    </div>
  );
}
