import { Popover, UnstyledButton } from "@mantine/core";
import { count } from "@/format/numbers";
import styles from "./Conversation.module.css";
import { JsonText } from "./JsonText";
import { splitClipped } from "./clipped";
import type { ShownConversation } from "./worker/protocol";

/** The tools that the request offers and its parameters, as chips above the messages. */
export function Offered({ conversation }: { conversation: ShownConversation }) {
  const { tools, settings } = conversation;
  return (
    <div className={styles["offered"]}>
      {tools.length > 0 && (
        <Popover position="bottom-start" shadow="md" width={460}>
          <Popover.Target>
            <UnstyledButton className={styles["setting"]}>
              <b>{count(tools.length)}</b> {tools.length === 1 ? "tool" : "tools"} offered
            </UnstyledButton>
          </Popover.Target>
          <Popover.Dropdown className={styles["tools"]!}>
            {tools.map((tool, index) => (
              <details key={index}>
                <summary>
                  <strong>{splitClipped(tool.name).shown}</strong> <span className="dim">{splitClipped(tool.description).shown.slice(0, 160)}</span>
                </summary>
                <JsonText text={tool.schema} />
              </details>
            ))}
          </Popover.Dropdown>
        </Popover>
      )}
      {settings
        .filter(([name]) => name !== "model" && name !== "stream")
        .map(([name, value]) => (
          <span key={name} className={styles["setting"]} title={`${name}: ${value}`}>
            {name} <b>{value}</b>
          </span>
        ))}
    </div>
  );
}
