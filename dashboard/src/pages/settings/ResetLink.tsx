import { Alert, Button, Group, Modal } from "@mantine/core";
import { useResetLink, type Member } from "@/api/members";
import { ofForm } from "@/api/problems";
import { Secret } from "@/components/Secret";

/** Makes a link with which a member sets a new password. */
export function ResetLink({ member, opened, onClose }: { member: Member; opened: boolean; onClose: () => void }) {
  const make = useResetLink();
  const name = member.name || member.email;
  const fault = ofForm(make.error);
  const close = () => {
    make.reset();
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={`A new password for ${name}`} size="md">
      <div style={{ display: "grid", gap: 16 }}>
        {fault && (
          <Alert color="red" variant="light" role="alert">
            {fault}
          </Alert>
        )}
        {make.data ? (
          <Secret text={location.origin + make.data.path} label="Copy the link">
            Send it to {member.email}. It works once, within 24 hours, and is not shown again. When it is used, all their sessions end.
          </Secret>
        ) : (
          <p style={{ margin: 0, color: "var(--ink-2)" }}>This makes a link that you send to {member.email} yourself; there is no mail. The old password works until the link is used. Earlier links for them stop working.</p>
        )}
        <Group justify="flex-end">
          <Button onClick={close}>{make.data ? "Done" : "Cancel"}</Button>
          {!make.data && (
            <Button variant="filled" loading={make.isPending} onClick={() => make.mutate(member.email)}>
              Make the link
            </Button>
          )}
        </Group>
      </div>
    </Modal>
  );
}
