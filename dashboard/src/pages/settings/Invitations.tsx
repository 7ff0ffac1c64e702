import { Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMe } from "@/api/me";
import { useInvitations, useInvite, useWithdraw } from "@/api/members";
import { atField, ofForm } from "@/api/problems";
import type { components } from "@/api/schema";
import { Tag, Time } from "@/components/Bits";
import { Confirm } from "@/components/Confirm";
import { Panel } from "@/components/Page";
import { Secret } from "@/components/Secret";
import { done } from "@/components/toast";
import { includes, ROLES } from "@/state/roles";
import styles from "./Settings.module.css";

/** Invites by a link that is shown once, and lists the invitations that nobody has accepted yet. */
export function Invitations() {
  const role = useMe().data?.role;
  const [email, setEmail] = useState("");
  const [given, setGiven] = useState("member");
  const [sent, setSent] = useState("");
  const invite = useInvite();
  const open = useInvitations(true);
  const fault = atField(invite.error, "email") || ofForm(invite.error, "email", "role");
  return (
    <Panel title="Invite" sub="by a link that you send; there is no mail">
      <form
        className={styles["wide"]}
        onSubmit={(event) => {
          event.preventDefault();
          invite.mutate(
            { email, role: given },
            {
              onSuccess: () => {
                setSent(email);
                setEmail("");
              },
            },
          );
        }}
      >
        <div className={styles["buttons"]} style={{ alignItems: "flex-start" }}>
          <TextInput aria-label="E-mail" placeholder="name@example.com" type="email" required w={260} value={email} error={fault} onChange={(event) => setEmail(event.currentTarget.value)} />
          <Select aria-label="Role" w={110} allowDeselect={false} value={given} data={ROLES.filter((each) => includes(role, each))} onChange={(value) => setGiven(value ?? "member")} />
          <Button type="submit" variant="filled" loading={invite.isPending}>
            Make a link
          </Button>
        </div>
        {invite.data && sent && (
          <Secret text={location.origin + invite.data.path} label="Copy the link">
            Send it to {sent}. It works once, within 72 hours, and is not shown again.
          </Secret>
        )}
      </form>
      {open.data && open.data.data.length > 0 && (
        <ul className={styles["list"]} aria-label="Open invitations" style={{ margin: "16px -16px -16px" }}>
          {open.data.data.map((invitation) => (
            <InvitationRow key={invitation.id} invitation={invitation} />
          ))}
        </ul>
      )}
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
          invited <Time at={new Date(invitation.created_us / 1000)} relative />, not accepted yet; until <Time at={new Date(invitation.expires_us / 1000)} />
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
