import { Link, useParams } from "@tanstack/react-router";
import { ApiError } from "@/api/client";
import { usePrompt, useVersions } from "@/api/prompts";
import { PageBody, PageTop } from "@/components/Page";
import { BlockSkeleton, Empty, Failure } from "@/components/States";
import { useScope } from "@/state/search";
import { PromptTitle } from "./PromptTitle";
import { PromptView } from "./PromptView";

/** One prompt: its editor, versions, figures, and how to use it. */
export function Page() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const [scope] = useScope();
  const prompt = usePrompt(id);
  const versions = useVersions(id);
  const wanted = Number(scope["version"] ?? 0);
  const error = prompt.error ?? versions.error;
  if (prompt.data && versions.data) {
    const version = wanted ? versions.data.find((each) => each.version === wanted) : versions.data[0];
    return <PromptView key={id} prompt={prompt.data} versions={versions.data} version={version ?? null} />;
  }
  return (
    <>
      <PageTop title={<PromptTitle name={id} />} />
      <PageBody>
        {error instanceof ApiError && error.status === 404 ? (
          <Empty title="There is no such prompt" action={<Link to={"/prompts" as string}>All prompts</Link>}>{`No prompt of your organisation has the id ${id}. It may belong to another one.`}</Empty>
        ) : error ? (
          <Failure
            error={error}
            retry={() => {
              void prompt.refetch();
              void versions.refetch();
            }}
          />
        ) : (
          <>
            <BlockSkeleton height={38} />
            <BlockSkeleton height={360} />
          </>
        )}
      </PageBody>
    </>
  );
}
