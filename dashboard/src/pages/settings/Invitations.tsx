import { Button } from "@mantine/core";
import { useState } from "react";
import { useInvitations, useWithdraw } from "@/api/members";
import type { components } from "@/api/schema";
import { Tag, Time } from "@/components/Bits";
import { Confirm } from "@/components/Confirm";
import { Panel } from "@/components/Page";
import { done } from "@/components/toast";
import styles from "./Settings.module.css";

/** The invitations that nobody has accepted yet. */
export function Invitations() {
  const open = useInvitations(true).data?.data ?? [];
  if (!open.length) return null;
  return (
    <Panel title="Open invitations" sub={`${open.length}`} flush>
      <ul className={styles["list"]} aria-label="Open invitations" style={{ marginTop: 8 }}>
        {open.map((invitation) => (
          <InvitationRow key={invitation.id} invitation={invitation} />
        ))}
      </ul>
    </Panel>
  );
}

function InvitationRow({ invitation }: { invitation: components["schemas"]["OpenInvitation"] }) {
  const [asking, setAsking] = useState(false);
  const withdraw = useWithdraw();
  return (
    <li className={styles["item"]}>
      <div className={styles["main"]}>
        <strong>
          {invitation.email} <Tag>{invitation.role}</Tag>
        </strong>
        <small>
          invited <Time at={new Date(invitation.created_us / 1000)} relative />; the link works until <Time at={new Date(invitation.expires_us / 1000)} />
        </small>
      </div>
      <Button color="red" variant="subtle" onClick={() => setAsking(true)} aria-label={`Withdraw the invitation of ${invitation.email}`}>
        Withdraw
      </Button>
      <Confirm
        title={`Withdraw the invitation of ${invitation.email}?`}
        action="Withdraw it"
        opened={asking}
        pending={withdraw.isPending}
        error={withdraw.error}
        onClose={() => setAsking(false)}
        onConfirm={() => withdraw.mutate(invitation.id, { onSuccess: () => done(`The invitation of ${invitation.email} is withdrawn.`) })}
      >
        The link that was sent stops working.
      </Confirm>
    </li>
  );
}
