import { Tabs } from "@mantine/core";
import type { Event } from "@/api/requests";
import { Panel } from "@/components/Page";
import { bytes } from "@/format/numbers";
import { useScope } from "@/state/search";
import { Bodies } from "./Bodies";
import { CodeSnippet } from "./CodeSnippet";
import { Conversation } from "./Conversation";

/** What was said, in several forms. The URL keeps which one is open. */
export function CallTabs({ call }: { call: Event }) {
  const [scope, setScope] = useScope();
  const tab = typeof scope["tab"] === "string" && scope["tab"] ? scope["tab"] : "conversation";
  return (
    <Panel flush>
      <Tabs value={tab} onChange={(next) => setScope({ tab: next === "conversation" ? "" : next }, true)} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="conversation">Conversation</Tabs.Tab>
          <Tabs.Tab value="request">
            Raw request <span className="dim">{bytes(call.request_size)}</span>
          </Tabs.Tab>
          <Tabs.Tab value="response">
            Raw response <span className="dim">{bytes(call.response_size)}</span>
          </Tabs.Tab>
          <Tabs.Tab value="code">As code</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="conversation">
          <Conversation call={call} />
        </Tabs.Panel>
        <Tabs.Panel value="request">
          <Bodies id={call.id} part="request" />
        </Tabs.Panel>
        <Tabs.Panel value="response">
          <Bodies id={call.id} part="response" />
        </Tabs.Panel>
        <Tabs.Panel value="code">
          <CodeSnippet id={call.id} />
        </Tabs.Panel>
      </Tabs>
    </Panel>
  );
}
