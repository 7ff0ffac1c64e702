import { Button } from "@mantine/core";
import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import { PageBody, PageTop } from "@/components/Page";
import { Empty } from "@/components/States";

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

/** A page that failed while it was drawn: says so, and leads back. */
export function CrashedPage({ error, reset }: ErrorComponentProps) {
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
