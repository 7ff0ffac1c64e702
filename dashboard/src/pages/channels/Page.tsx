import { Button } from "@mantine/core";
import { useChannelKinds, useChannels } from "@/api/channels";
import { Icon } from "@/components/Icon";
import { ItemList } from "@/components/ItemList";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { useMay } from "@/state/roles";
import { useScope } from "@/state/search";
import { ChannelForm } from "./ChannelForm";
import { ChannelRow } from "./ChannelRow";
import { Deliveries } from "./Deliveries";
import { DeliveryDrawer } from "./DeliveryDrawer";

/** Where alerts and budgets are told, and what became of each message. */
export function Page() {
  const [scope, setScope] = useScope();
  const channels = useChannels();
  const kinds = useChannelKinds();
  const admin = useMay("admin");
  const edit = String(scope["edit"] ?? "");
  const edited = channels.data?.find((channel) => channel.id === edit);
  const open = String(scope["open"] ?? "");
  const add = admin && (
    <Button variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={() => setScope({ edit: "new" })}>
      New channel
    </Button>
  );
  return (
    <>
      <PageTop title="Channels" beside="where alerts and budgets are told">
        {add}
      </PageTop>
      <PageBody>
        <Panel flush>
          <Loaded query={channels} skeleton={<RowsSkeleton rows={4} />}>
            {(found) =>
              found.length ? (
                <ItemList label="Channels">
                  {found.map((channel) => (
                    <ChannelRow key={channel.id} channel={channel} kind={kinds.data?.find((kind) => kind.kind === channel.kind)} />
                  ))}
                </ItemList>
              ) : (
                <Empty title="No channel yet" action={add}>
                  {`A channel is a place for messages of alert rules and budgets: ${kinds.data?.map((kind) => kind.title).join(", ") || "a webhook, Slack, e-mail and others"}. ${admin ? "" : "An admin can make one."}`}
                </Empty>
              )
            }
          </Loaded>
        </Panel>
        <Deliveries channels={channels.data ?? []} />
      </PageBody>
      {admin && kinds.data && (edit === "new" || edited) && <ChannelForm key={edit} channel={edited} kinds={kinds.data} onClose={() => setScope({ edit: "" })} />}
      {open && <DeliveryDrawer id={open} onClose={() => setScope({ open: "" })} />}
    </>
  );
}
