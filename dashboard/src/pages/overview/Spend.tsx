import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { Panel } from "@/components/Page";
import { TopList } from "./TopList";

/** Where the money goes: by a property, a user, a key or a prompt. */
export function Spend() {
  const [by, setBy] = useState("property.feature");
  return (
    <Panel
      title="Where the money goes"
      actions={
        <SegmentedControl
          aria-label="Spend by"
          value={by}
          onChange={setBy}
          data={[
            { value: "property.feature", label: "Feature" },
            { value: "user", label: "User" },
            { value: "prompt", label: "Prompt" },
            { value: "key", label: "Key" },
          ]}
        />
      }
    >
      <TopList dimension={by} measure="cost" none="without one" rows={6} />
    </Panel>
  );
}
