import { Button, Group, Modal } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";

/** Asks before unsaved changes are left: by a link, the back button, another version, or closing the tab. */
export function LeaveDialog({ when }: { when: boolean }) {
  const blocker = useBlocker({
    withResolver: true,
    enableBeforeUnload: when,
    shouldBlockFn: ({ current, next }) => when && (current.pathname !== next.pathname || versionOf(current.search) !== versionOf(next.search)) && next.pathname !== "/playground",
  });
  if (blocker.status !== "blocked") return null;
  return (
    <Modal opened onClose={blocker.reset} title="Leave without saving?">
      <p style={{ marginTop: 0 }}>What you changed is not saved as a version, and is lost when you leave.</p>
      <Group justify="end" gap="xs">
        <Button onClick={blocker.reset} data-autofocus>
          Stay
        </Button>
        <Button color="red" variant="filled" onClick={blocker.proceed}>
          Leave, and lose the changes
        </Button>
      </Group>
    </Modal>
  );
}

function versionOf(search: unknown): unknown {
  return (search as Record<string, unknown>)["version"] ?? "";
}
