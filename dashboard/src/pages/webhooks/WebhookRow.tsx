import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useEditWebhook, useTestWebhook, type Webhook } from "@/api/webhooks";
import { Tag, Time } from "@/components/Bits";
import { Item } from "@/components/ItemList";
import { TestAnswer } from "@/components/TestAnswer";
import { failed } from "@/components/toast";
import { count, percent } from "@/format/numbers";
import { useMay } from "@/state/roles";
import { useScope, writeScope } from "@/state/search";
import { More } from "./More";
import styles from "./Webhooks.module.css";
import { stateOf } from "./webhookState";

/** One webhook: what it sends where, how far it is, and what can be done with it. */
export function WebhookRow({ webhook }: { webhook: Webhook }) {
  const test = useTestWebhook();
  const edit = useEditWebhook();
  const admin = useMay("admin");
  const { word, tone, more } = stateOf(webhook, Date.now());
  const turn = () => edit.mutate({ id: webhook.id, enabled: !webhook.enabled }, { onError: (error) => failed(`${webhook.name} is as it was`, error) });
  return (
    <Item
      name={webhook.name}
      off={!webhook.enabled}
      tags={
        <>
          <Tag {...(tone ? { tone } : {})}>{word}</Tag>
          {webhook.form === "helicone" && <Tag>Helicone's fields</Tag>}
          {webhook.with_bodies && <Tag>with bodies</Tag>}
        </>
      }
      about={<Facts webhook={webhook} more={more} />}
      end={
        admin && (
          <>
            <Button loading={test.isPending} onClick={() => test.mutate(webhook.id)} aria-label={`Send a test to ${webhook.name}`}>
              Send a test
            </Button>
            <Button loading={edit.isPending} onClick={turn} aria-label={`${webhook.enabled ? "Pause" : "Go on with"} ${webhook.name}`}>
              {webhook.enabled ? "Pause" : "Go on"}
            </Button>
            <More webhook={webhook} />
          </>
        )
      }
      below={(test.data ?? test.error) && <TestAnswer answer={test.data} error={test.error} onClose={() => test.reset()} />}
    />
  );
}

function Facts({ webhook, more }: { webhook: Webhook; more: string }) {
  const [{ zone }] = useScope();
  return (
    <>
      <span className="mono">{webhook.url}</span>
      <span className={styles["filter"]}>
        <Link to={"/requests" as string} search={writeScope({ q: webhook.filter, zone }) as never}>
          {webhook.filter ? <span className="mono">{webhook.filter}</span> : "all calls"}
        </Link>
        {webhook.only_requested ? ", only those that ask for it" : webhook.sample_share < 1 ? `, ${percent(webhook.sample_share)} of them` : ""}
      </span>
      <span>{count(webhook.sent)} sent</span>
      {webhook.refused > 0 && <span title="The receiver refused them for what they hold">{count(webhook.refused)} refused</span>}
      {more ? (
        <span>{more}</span>
      ) : (
        <span>
          up to <Time at={webhook.position} />
        </span>
      )}
    </>
  );
}
