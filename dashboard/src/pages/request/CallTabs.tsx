import { Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import { useBodySizes, type Event } from "@/api/requests";
import { Panel } from "@/components/Page";
import { bytes } from "@/format/numbers";
import { useScope } from "@/state/search";
import { Changes } from "./Changes";
import { CodeSnippet } from "./CodeSnippet";
import { Conversation } from "./Conversation";
import styles from "./Page.module.css";
import { RawBody } from "./raw/RawBody";
import { Stream } from "./stream/Stream";

interface TabOf {
  name: string;
  label: string;
  beside?: string;
  content: ReactNode;
}

/** What was said, in several forms. The URL keeps which one is open. */
export function CallTabs({ call }: { call: Event }) {
  const [scope, setScope] = useScope();
  const hasSent = !!useBodySizes(call.id, call.start).data?.sent;
  const tabs: TabOf[] = [
    { name: "conversation", label: "Conversation", content: <Conversation /> },
    { name: "request", label: "Request", beside: bytes(call.request_size), content: <RawBody part="request" /> },
    { name: "response", label: "Response", beside: bytes(call.response_size), content: <RawBody part="response" /> },
    ...(call.streamed ? [{ name: "stream", label: "Stream", content: <Stream /> }] : []),
    ...(hasSent ? [{ name: "changes", label: "Changes", content: <Changes /> }] : []),
    { name: "code", label: "Code", content: <CodeSnippet id={call.id} /> },
  ];
  const open = tabs.find((tab) => tab.name === scope["tab"])?.name ?? "conversation";
  return (
    <Panel flush>
      <Tabs classNames={{ list: styles["tabs"]!, tab: styles["tab"]! }} value={open} onChange={(next) => setScope({ tab: next === "conversation" ? "" : (next ?? "") }, true)} keepMounted={false}>
        <Tabs.List>
          {tabs.map((tab) => (
            <Tabs.Tab key={tab.name} value={tab.name}>
              {tab.label} {tab.beside && <span className="dim num">{tab.beside}</span>}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map((tab) => (
          <Tabs.Panel key={tab.name} value={tab.name}>
            {tab.content}
          </Tabs.Panel>
        ))}
      </Tabs>
    </Panel>
  );
}
