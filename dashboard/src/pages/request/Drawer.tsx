import { Button, Drawer as MantineDrawer, FocusTrap } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { useBodySizes, useRequest } from "@/api/requests";
import { Icon } from "@/components/Icon";
import { useScope, writeScope } from "@/state/search";
import { Actions } from "./Actions";
import { CallSkeleton } from "./CallSkeleton";
import { CallView } from "./CallView";
import styles from "./Drawer.module.css";
import { NameOfCall, IdOfCall } from "./Headline";
import { Lost } from "./Lost";
import { useKeys } from "./useKeys";
import { Steps } from "./Walk";

export interface DrawerProps {
  id: string;
  onClose: () => void;
  /** Opens the call further down the list; absent at its end. */
  onNext?: (() => void) | undefined;
  onPrevious?: (() => void) | undefined;
}

/** One call beside the list that it was opened from. `j` and `k` walk, `o` opens its page, Escape closes. */
export function Drawer({ id, onClose, onNext, onPrevious }: DrawerProps) {
  const [scope] = useScope();
  const call = useRequest(id);
  useBodySizes(id, ""); // asked for at once, beside the call: the bodies wait for it
  const navigate = useNavigate();
  const head = useRef<HTMLElement>(null);
  const page = { to: "/requests/$id" as string, params: { id } as never, search: writeScope({ q: scope.q, since: scope.since, until: scope.until, zone: scope.zone, sort: scope["sort"], tab: scope["tab"] }) as never };
  useKeys({ j: onNext, k: onPrevious, o: () => void navigate(page), Escape: onClose }, () => head.current?.closest("[role=dialog]") ?? null);
  return (
    <MantineDrawer.Root opened onClose={onClose} position="right" size="min(100vw, max(66vw, 940px))" closeOnEscape={false} transitionProps={{ duration: 0 }}>
      <MantineDrawer.Overlay backgroundOpacity={0.25} />
      <MantineDrawer.Content aria-label="Request">
        <FocusTrap.InitialFocus />
        <header ref={head} className={styles["head"]}>
          <h2>{call.data ? <NameOfCall call={call.data} /> : "…"}</h2>
          {call.data && <IdOfCall call={call.data} />}
          <div className={styles["actions"]}>
            <Steps onPrevious={onPrevious} onNext={onNext} />
            {call.data && <Actions id={id} />}
            <Button component={Link} {...page} leftSection={<Icon name="external" size={14} />} className={styles["open"]!} aria-label="Open page">
              <span>Open page</span>
            </Button>
            <Button variant="subtle" color="gray" onClick={onClose} aria-label="Close" px={6} className={styles["close"]!}>
              <Icon name="close" />
            </Button>
          </div>
        </header>
        <div className={styles["body"]}>
          {call.data ? <CallView call={call.data} /> : call.error ? <Lost id={id} error={call.error} retry={() => void call.refetch()} /> : <CallSkeleton />}
        </div>
      </MantineDrawer.Content>
    </MantineDrawer.Root>
  );
}
