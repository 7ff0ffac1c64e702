import { Tabs } from "@mantine/core";
import type { Event } from "@/api/requests";
import { Panel } from "@/components/Page";
import { bytes } from "@/format/numbers";
import { useScope } from "@/state/search";
import { CodeSnippet } from "./CodeSnippet";
import { Conversation } from "./Conversation";
import styles from "./Page.module.css";
import { RawBody } from "./raw/RawBody";

/** What was said, in several forms. The URL keeps which one is open. */
export function CallTabs({ call }: { call: Event }) {
  const [scope, setScope] = useScope();
  const tab = typeof scope["tab"] === "string" && scope["tab"] ? scope["tab"] : "conversation";
  return (
    <Panel flush>
      <Tabs classNames={{ list: styles["tabs"]!, tab: styles["tab"]! }} value={tab} onChange={(next) => setScope({ tab: next === "conversation" ? "" : next }, true)} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="conversation">Conversation</Tabs.Tab>
          <Tabs.Tab value="request">
            Request <span className="dim">{bytes(call.request_size)}</span>
          </Tabs.Tab>
          <Tabs.Tab value="response">
            Response <span className="dim">{bytes(call.response_size)}</span>
          </Tabs.Tab>
          <Tabs.Tab value="code">As code</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="conversation">
          <Conversation />
        </Tabs.Panel>
        <Tabs.Panel value="request">
          <RawBody part="request" />
        </Tabs.Panel>
        <Tabs.Panel value="response">
          <RawBody part="response" />
        </Tabs.Panel>
        <Tabs.Panel value="code">
          <CodeSnippet id={call.id} />
        </Tabs.Panel>
      </Tabs>
    </Panel>
  );
}
