import { Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMe } from "@/api/me";
import { useInvite } from "@/api/members";
import { atField, ofForm } from "@/api/problems";
import { Panel } from "@/components/Page";
import { Secret } from "@/components/Secret";
import { includes, ROLES } from "@/state/roles";
import styles from "./Settings.module.css";

/** Invites by a link that is shown once. */
export function Invite({ onClose }: { onClose: () => void }) {
  const role = useMe().data?.role;
  const [email, setEmail] = useState("");
  const [given, setGiven] = useState("member");
  const [sent, setSent] = useState("");
  const invite = useInvite();
  const fault = atField(invite.error, "email") || ofForm(invite.error, "email", "role");
  return (
    <Panel title="Invite" sub="by a link that you send yourself; there is no mail">
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
          <TextInput aria-label="E-mail" placeholder="name@example.com" type="email" required autoFocus w={280} value={email} error={fault} onChange={(event) => setEmail(event.currentTarget.value)} />
          <Select aria-label="Role" w={110} allowDeselect={false} value={given} data={ROLES.filter((each) => includes(role, each))} onChange={(value) => setGiven(value ?? "member")} />
          <Button type="submit" variant="filled" loading={invite.isPending}>
            Make a link
          </Button>
          <Button onClick={onClose}>{invite.data ? "Done" : "Cancel"}</Button>
        </div>
        {invite.data && sent && (
          <Secret text={location.origin + invite.data.path} label="Copy the link">
            Send it to {sent}. It works once, within 72 hours, and is not shown again.
          </Secret>
        )}
      </form>
    </Panel>
  );
}
