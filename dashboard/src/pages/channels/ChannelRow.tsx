import { ActionIcon, Button, Menu } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useDeleteChannel, useEditChannel, useRotateChannelSecret, useTestChannel, type Channel, type ChannelKind } from "@/api/channels";
import { Tag, Time } from "@/components/Bits";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Item } from "@/components/ItemList";
import { NewSecret } from "@/components/NewSecret";
import { TestAnswer } from "@/components/TestAnswer";
import { done, failed } from "@/components/toast";
import { count } from "@/format/numbers";
import { useMay } from "@/state/roles";
import { useScope, writeScope } from "@/state/search";
import { targetOf } from "./target";

/** One channel: what it is, how its last delivery went, and what can be done with it. */
export function ChannelRow({ channel, kind }: { channel: Channel; kind: ChannelKind | undefined }) {
  const test = useTestChannel();
  const edit = useEditChannel();
  const admin = useMay("admin");
  return (
    <Item
      name={channel.name}
      off={!channel.enabled}
      tags={
        <>
          <Tag>{kind?.title ?? channel.kind}</Tag>
          <State channel={channel} />
        </>
      }
      about={<Facts channel={channel} />}
      end={
        admin && (
          <>
            <Button loading={test.isPending} onClick={() => test.mutate(channel.id)} aria-label={`Send a test to ${channel.name}`}>
              Send a test
            </Button>
            {!channel.enabled && (
              <Button loading={edit.isPending} onClick={() => edit.mutate({ id: channel.id, enabled: true }, { onError: (error) => failed(`${channel.name} stays off`, error) })} aria-label={`Turn on ${channel.name}`}>
                Turn on
              </Button>
            )}
            <More channel={channel} />
          </>
        )
      }
      below={(test.data ?? test.error) && <TestAnswer answer={test.data} error={test.error} onClose={() => test.reset()} />}
    />
  );
}

function State({ channel }: { channel: Channel }) {
  if (channel.disabled_reason) return <Tag tone="bad">turned off by itself</Tag>;
  if (!channel.enabled) return <Tag>off</Tag>;
  if (channel.paused_until_us / 1000 > Date.now()) return <Tag tone="warn">waits as the receiver asked</Tag>;
  return null;
}

function Facts({ channel }: { channel: Channel }) {
  const { waiting = 0, sent = 0, dead = 0, last_sent_us = 0 } = channel.deliveries;
  const target = targetOf(channel.config);
  return (
    <>
      {target && <span className="mono">{target}</span>}
      {channel.disabled_reason && <span>{channel.disabled_reason}</span>}
      {channel.paused_until_us / 1000 > Date.now() && (
        <span>
          until <Time at={new Date(channel.paused_until_us / 1000)} />
        </span>
      )}
      {last_sent_us > 0 ? (
        <span>
          last delivered <Time at={new Date(last_sent_us / 1000)} relative />
        </span>
      ) : (
        <span>nothing delivered yet</span>
      )}
      {sent > 0 && <Count channel={channel} state="sent" text={`${count(sent)} sent`} />}
      {waiting > 0 && <Count channel={channel} state="waiting" text={`${count(waiting)} waiting`} />}
      {dead > 0 && <Count channel={channel} state="dead" text={`${count(dead)} given up`} />}
    </>
  );
}

function Count({ channel, state, text }: { channel: Channel; state: string; text: string }) {
  const [{ zone }] = useScope();
  return (
    <Link to={"/channels" as string} search={writeScope({ channel: channel.id, state, zone }) as never}>
      {text}
    </Link>
  );
}

/** What is done seldom. */
function More({ channel }: { channel: Channel }) {
  const [, setScope] = useScope();
  const [asking, setAsking] = useState<"delete" | "rotate" | "">("");
  const edit = useEditChannel();
  const remove = useDeleteChannel();
  const rotate = useRotateChannelSecret();
  const close = () => setAsking("");
  return (
    <>
      <Button onClick={() => setScope({ edit: channel.id })} aria-label={`Change ${channel.name}`}>
        Change
      </Button>
      <Menu>
        <Menu.Target>
          <ActionIcon aria-label={`More of ${channel.name}`}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {channel.enabled && (
            <Menu.Item onClick={() => edit.mutate({ id: channel.id, enabled: false }, { onSuccess: () => done(`${channel.name} is off: nothing is sent to it.`), onError: (error) => failed(`${channel.name} stays on`, error) })}>Turn off</Menu.Item>
          )}
          {channel.kind === "webhook" && <Menu.Item onClick={() => setAsking("rotate")}>Make a new signing secret</Menu.Item>}
          <Menu.Item color="red" onClick={() => setAsking("delete")}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirm title={`Delete the channel ${channel.name}?`} action={`Delete ${channel.name}`} opened={asking === "delete"} pending={remove.isPending} error={remove.error} onClose={close} onConfirm={() => remove.mutate(channel.id, { onSuccess: () => done(`${channel.name} is deleted.`) })}>
        Its deliveries go with it, those that wait as well. Rules and budgets that name it tell their other channels. This cannot be undone; to stop it for a while, turn it off.
      </Confirm>
      <Confirm title={`Make a new signing secret for ${channel.name}?`} action="Make a new secret" opened={asking === "rotate"} pending={rotate.isPending} error={rotate.error} onClose={close} onConfirm={() => rotate.mutate(channel.id, { onSuccess: close })}>
        It is shown once. For 24 hours messages are signed with both, so that the receiver can change over.
      </Confirm>
      {rotate.data && <NewSecret name={channel.name} secret={rotate.data.secret} onClose={() => rotate.reset()} />}
    </>
  );
}
