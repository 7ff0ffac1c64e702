import { Tabs } from "@mantine/core";
import { Copy } from "@/components/Bits";
import { PageBody, PageTop, Panel } from "@/components/Page";
import styles from "./FirstCall.module.css";
import { snippets } from "./snippets";

/** The page of a log without calls: what to paste, and a light that goes on with the first call. */
export function FirstCall() {
  return (
    <>
      <PageTop title="Send the first call" />
      <PageBody>
        <Panel title="Point your program at the gateway" sub="one line changes; keep your provider's key">
          <Tabs defaultValue={snippets()[0]!.title} keepMounted={false}>
            <Tabs.List>
              {snippets().map((each) => (
                <Tabs.Tab key={each.title} value={each.title}>
                  {each.title}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            {snippets().map((each) => (
              <Tabs.Panel key={each.title} value={each.title} className={styles["snippet"]!}>
                <pre>{each.text}</pre>
                <Copy text={each.text} label={`Copy ${each.title}`} />
              </Tabs.Panel>
            ))}
          </Tabs>
        </Panel>
        <div className={styles["waiting"]} role="status">
          <span className={styles["light"]} />
          Waiting for the first call. This page changes by itself when it is in the log.
        </div>
      </PageBody>
    </>
  );
}
