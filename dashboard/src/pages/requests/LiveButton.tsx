import { ActionIcon, Button } from "@mantine/core";
import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { Icon } from "@/components/Icon";
import { useScope, type Scope } from "@/state/search";
import styles from "./CallList.module.css";

/** Whether the URL asks for the live tail, and the list can have one: without an end, the newest first. */
export function isLive(scope: Scope & Record<string, unknown>): boolean {
  return scope["live"] === "1" && !scope.until && !scope["sort"];
}

/** Reads list, chart and count again. */
export function RefreshButton() {
  const queries = useQueryClient();
  const busy = useIsFetching({ queryKey: ["call-page"] }) > 0;
  const read = () => {
    for (const name of ["request-total", "metrics"]) void queries.invalidateQueries({ queryKey: [name] });
    void queries.refetchQueries({ queryKey: ["call-page"], type: "active", predicate: (query) => query.queryKey[3] === null });
  };
  return (
    <ActionIcon aria-label="Refresh" title="Refresh" loading={busy} onClick={read}>
      <Icon name="refresh" size={14} />
    </ActionIcon>
  );
}

/** Follows new calls; the range then ends now, and the newest call comes first. */
export function LiveButton() {
  const [scope, setScope] = useScope();
  const live = isLive(scope);
  return (
    <Button
      variant="subtle"
      color="gray"
      aria-pressed={live}
      title={live ? "Stop following new calls" : "Follow new calls as they come in"}
      onClick={() => setScope(live ? { live: "" } : { live: "1", until: "", sort: "" })}
      leftSection={<span className={styles["light"]} data-state={live ? "live" : "off"} />}
    >
      Live
    </Button>
  );
}
