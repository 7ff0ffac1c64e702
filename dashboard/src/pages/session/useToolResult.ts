import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { api, dataOf } from "@/api/client";
import type { SessionCall } from "@/api/sessions";

/** Goes to the call of the session that carried the result of a tool, or to the logged step that was its run. */
export function useToolResult(id: string, find: (call: string) => Promise<void>) {
  const queries = useQueryClient();
  const run = async (call: SessionCall, tool: string) => {
    const say = (message: string) => notifications.show({ message, autoClose: 4000 });
    try {
      const results = await queries.fetchQuery({
        queryKey: ["tool-results", id, call.id],
        staleTime: 60_000,
        queryFn: ({ signal }) => dataOf(api.GET("/api/sessions/tool-results", { params: { query: { id, call: call.id } }, signal })),
      });
      const found = results.data.find((each) => each.tool === tool);
      const to = found?.carried_by ?? found?.run;
      if (to) await find(to);
      else say(`None of the next calls of this session carries the result of ${tool}.`);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  };
  const latest = useRef(run);
  latest.current = run;
  return latest;
}
