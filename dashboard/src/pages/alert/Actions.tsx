import { ActionIcon, Button, Menu } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useAlertChanges, type Alert } from "@/api/alerts";
import { matchersFor } from "@/components/alerts/matching";
import { wholeRule } from "@/components/alerts/rule";
import { SilenceMenu } from "@/components/alerts/SilenceMenu";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { done, failed } from "@/components/toast";
import { useMay } from "@/state/roles";
import { useScope } from "@/state/search";

/** What can be done with a rule. `acknowledge=1` in the address, as messages have it, asks at once. */
export function Actions({ alert }: { alert: Alert }) {
  const member = useMay("member");
  const admin = useMay("admin");
  const navigate = useNavigate();
  const [scope, setScope] = useScope();
  const [deleting, setDeleting] = useState(false);
  const { acknowledge, edit, remove } = useAlertChanges();
  const rule = wholeRule(alert.rule);
  const fires = alert.firing > 0 || alert.state === "alerting" || alert.state === "error" || alert.state === "no_data";
  const asked = scope["acknowledge"] === "1" && member;
  const closeAsked = () => setScope({ acknowledge: "" }, true);
  const confirm = () =>
    acknowledge.mutate(alert.id, {
      onSuccess: () => {
        closeAsked();
        done(`${rule.name} is acknowledged: it is not sent again until it is over.`);
      },
      onError: (error) => !asked && failed("Not acknowledged", error),
    });
  const put = (change: Partial<typeof rule>, said: string) =>
    edit.mutate({ id: alert.id, revision: alert.revision, rule: { ...rule, ...change } }, { onSuccess: () => done(said), onError: (error) => failed("Nothing was changed", error) });
  return (
    <>
      {member && fires && !alert.acknowledged_us && alert.firing > 0 && (
        <Button variant="filled" loading={acknowledge.isPending} onClick={confirm}>
          Acknowledge
        </Button>
      )}
      {member && rule.enabled && <SilenceMenu matchers={matchersFor(alert.id)} what={rule.name} />}
      {admin && (
        <>
          <Button component={Link} {...({ to: "/alerts/$id/edit", params: { id: alert.id } } as object)}>
            Edit
          </Button>
          <Menu position="bottom-end" shadow="md">
            <Menu.Target>
              <ActionIcon aria-label={`More of ${rule.name}`} size={30}>
                <Icon name="more" />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => put({ enabled: !rule.enabled }, rule.enabled ? `${rule.name} is switched off.` : `${rule.name} is switched on.`)}>{rule.enabled ? "Switch off" : "Switch on"}</Menu.Item>
              <Menu.Item component={Link} {...({ to: "/alerts/new", search: { from: alert.id } } as object)}>
                Make a copy
              </Menu.Item>
              <Menu.Item color="red" onClick={() => setDeleting(true)}>
                Delete …
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      )}
      <Confirm
        title={`Delete the rule ${rule.name}?`}
        action={`Delete ${rule.name}`}
        opened={deleting}
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setDeleting(false)}
        onConfirm={() => remove.mutate(alert.id, { onSuccess: () => (done(`${rule.name} is deleted.`), void navigate({ to: "/alerts" as string })) })}
      >
        Its states and history are gone too, for good. {alert.firing > 0 ? "Its alerts are over, and channels are told so. " : ""}To keep them, switch the rule off instead.
      </Confirm>
      <Confirm title={`Acknowledge ${rule.name}?`} action="Acknowledge" harmless opened={asked} pending={acknowledge.isPending} error={acknowledge.error} onClose={closeAsked} onConfirm={confirm}>
        {alert.acknowledged_us
          ? "Somebody has acknowledged it already."
          : alert.firing > 0
            ? "It says that you look after it. The alert is not repeated until it is over; people see your name beside it."
            : "Nothing of this rule fires at this moment: it may be over already."}
      </Confirm>
    </>
  );
}
