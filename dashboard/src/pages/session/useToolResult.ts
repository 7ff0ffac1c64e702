import { notifications } from "@mantine/notifications";
import { useRef } from "react";
import type { SessionCall } from "@/api/sessions";

/** Goes to the call of the session that carried the result of a tool. */
export function useToolResult(id: string, find: (call: string) => Promise<void>) {
  const run = async (call: SessionCall, tool: string) => {
    notifications.show({ message: `${id} ${call.id} ${tool}` });
    await find(call.id);
  };
  const latest = useRef(run);
  latest.current = run;
  return latest;
}
