import { useStatus } from "@/api/status";
import { Panel } from "@/components/Page";
import { BlockSkeleton, Loaded } from "@/components/States";
import styles from "./Settings.module.css";

function days(count: number, forever: string): string {
  return count ? `${count} ${count === 1 ? "day" : "days"}, then deleted` : forever;
}

/** How long calls and bodies are kept: settings of the installation. */
export function Retention() {
  const query = useStatus();
  return (
    <Panel title="How long calls are kept" sub="for all organisations of this installation">
      <Loaded query={query} skeleton={<BlockSkeleton height={110} />}>
        {({ log }) => (
          <>
            <dl className={styles["facts"]}>
              <dt>Calls, with cost and tokens</dt>
              <dd>{days(log.ttl_days, "Forever")}</dd>
              <dt>Bodies: prompts and answers</dt>
              <dd>{days(log.body_ttl_days, "As long as their call")}</dd>
            </dl>
            <p className={styles["about"]} style={{ maxWidth: "84ch" }}>
              Whoever runs the installation sets this: <code>log.ttl_days</code> and <code>log.body_ttl_days</code> in the settings file, or <code>PERIHELION_LOG_TTL_DAYS</code> and <code>PERIHELION_LOG_BODY_TTL_DAYS</code>. A change takes effect at the next start of the control plane. A single call leaves its bodies out with the header <code>Helicone-Omit-Request: true</code> or <code>Helicone-Omit-Response: true</code>.
            </p>
          </>
        )}
      </Loaded>
    </Panel>
  );
}
