import { Button } from "@mantine/core";
import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import { useEffect } from "react";
import { PageBody, PageTop } from "@/components/Page";
import { Empty } from "@/components/States";
import { isMissingPart, mayReload } from "./missingPart";

/** An address that no page has. */
export function NoSuchPage() {
  return (
    <>
      <PageTop title="Not found" />
      <PageBody>
        <Empty title="There is no page at this address" action={<Link to="/">Go to the overview</Link>}>
          The link may be of another version, or mistyped.
        </Empty>
      </PageBody>
    </>
  );
}

const LOOK_AGAIN_MS = 1_500;

/** A page whose script did not arrive: loads anew as soon as the control plane answers. */
function MissingPart() {
  useEffect(() => {
    const timer = setInterval(async () => {
      const answer = await fetch("/readyz").catch(() => null);
      if (answer?.ok && mayReload(Date.now())) location.reload();
    }, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <PageTop title="This page is not here yet" />
      <PageBody>
        <Empty title="A part of this page could not be loaded" action={<Button onClick={() => location.reload()}>Load it again</Button>}>
          The control plane is restarting, or has been updated. The page loads again by itself as soon as it answers.
        </Empty>
      </PageBody>
    </>
  );
}

/** A page that failed while it was drawn: says so, and leads back. */
export function CrashedPage({ error, reset }: ErrorComponentProps) {
  if (isMissingPart(error)) return <MissingPart />;
  return (
    <>
      <PageTop title="This page failed" />
      <PageBody>
        <Empty
          title="This page could not be drawn"
          action={
            <div style={{ display: "flex", gap: 8 }}>
              <Button onClick={reset}>Try again</Button>
              <Button onClick={() => location.assign("/")}>Go to the overview</Button>
            </div>
          }
        >
          {error instanceof Error ? error.message : String(error)}
        </Empty>
      </PageBody>
    </>
  );
}
