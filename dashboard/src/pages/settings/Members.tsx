import { Button, Select } from "@mantine/core";
import { useState } from "react";
import { useMe } from "@/api/me";
import { useMembers, useRemoveMember, useSetRole, type Member } from "@/api/members";
import { Tag, Time } from "@/components/Bits";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { done, failed } from "@/components/toast";
import { includes, ROLES, useMay } from "@/state/roles";
import { useScope } from "@/state/search";
import { Invitations } from "./Invitations";
import { Invite } from "./Invite";
import { ResetLink } from "./ResetLink";
import styles from "./Settings.module.css";

/** Who belongs to the organisation and what they may do; invitations by link. */
export function Members() {
  const query = useMembers();
  const admin = useMay("admin");
  const [scope, setScope] = useScope();
  return (
    <>
      {admin && scope["new"] === "1" && <Invite onClose={() => setScope({ new: "" }, true)} />}
      <Panel
        title="Members"
        sub={query.data?.length ? `${query.data.length}` : ""}
        flush
        actions={
          admin &&
          scope["new"] !== "1" && (
            <Button variant="filled" leftSection={<Icon name="plus" size={13} />} onClick={() => setScope({ new: "1" }, true)}>
              Invite
            </Button>
          )
        }
      >
        <Loaded query={query} skeleton={<RowsSkeleton rows={4} />}>
          {(members) =>
            members.length ? (
              <ul className={styles["list"]} aria-label="Members" style={{ marginTop: 8 }}>
                {members.map((member) => (
                  <MemberRow key={member.user_id} member={member} />
                ))}
              </ul>
            ) : (
              <Empty title="No members yet">Invite people by a link that you send them.</Empty>
            )
          }
        </Loaded>
      </Panel>
      {admin && <Invitations />}
      <p className="dim" style={{ margin: 0 }}>
        Viewers read. Members also change prompts, boards and saved views. Admins also manage members, keys, credentials, limits and prices. Owners also create organisations.
      </p>
    </>
  );
}

function MemberRow({ member }: { member: Member }) {
  const me = useMe().data;
  const [removing, setRemoving] = useState(false);
  const [resetting, setResetting] = useState(false);
  const setRole = useSetRole();
  const remove = useRemoveMember();
  const name = member.name || member.email;
  const own = member.user_id === me?.user;
  const may = includes(me?.role, "admin") && includes(me?.role, member.role as never);
  const change = (role: string | null) => {
    if (!role || role === member.role) return;
    setRole.mutate({ user: member.user_id, role }, { onSuccess: () => done(`${name} is ${role} now.`), onError: (error) => failed("The role was not changed", error) });
  };
  return (
    <li className={styles["item"]}>
      <div className={styles["main"]}>
        <strong>
          {name} {own && <Tag>you</Tag>}
        </strong>
        <small>
          {member.name && `${member.email} · `}since <Time at={new Date(member.created_us / 1000)} />
        </small>
      </div>
      <div className={styles["end"]}>
        {may ? (
          <>
            <Select aria-label={`Role of ${name}`} w={104} allowDeselect={false} value={member.role} data={ROLES.filter((role) => includes(me?.role, role))} onChange={change} />
            <Button variant="subtle" color="gray" onClick={() => setResetting(true)} aria-label={`Reset password of ${name}`}>
              Reset password
            </Button>
            <Button color="red" variant="subtle" onClick={() => setRemoving(true)} aria-label={`Remove ${name}`}>
              Remove
            </Button>
          </>
        ) : (
          <Tag>{member.role}</Tag>
        )}
      </div>
      <Confirm
        title={`Remove ${name}?`}
        action={`Remove ${name}`}
        opened={removing}
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setRemoving(false)}
        onConfirm={() => remove.mutate(member.user_id, { onSuccess: () => done(`${name} is no member any more.`) })}
      >
        {own ? "You lose this organisation at once." : `${member.email} loses this organisation, and the open sessions in it, at once.`} Keys that they made go on working; revoke them under API keys. An invitation brings them back.
      </Confirm>
      <ResetLink member={member} opened={resetting} onClose={() => setResetting(false)} />
    </li>
  );
}
