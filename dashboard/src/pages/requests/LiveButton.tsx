import { Button } from "@mantine/core";
import { useScope, type Scope } from "@/state/search";
import styles from "./CallList.module.css";

/** Whether the URL asks for the live tail, and the list can have one: without an end, the newest first. */
export function isLive(scope: Scope & Record<string, unknown>): boolean {
  return scope["live"] === "1" && !scope.until && !scope["sort"];
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
