import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useCallSource, useProviders } from "@/api/playground";
import { useVersions } from "@/api/prompts";
import { editable } from "@/chat/convert";
import { blankDraft, draftOf } from "@/chat/draft";
import { takeOver } from "@/chat/handOver";
import { PageBody, PageTop } from "@/components/Page";
import { BlockSkeleton, Empty, Failure } from "@/components/States";
import { useMay } from "@/state/roles";
import { useScope } from "@/state/search";
import { Playground, type Start } from "./Playground";

/** Calls through the gateway, tried out: blank, from a stored call (`call`), or from a prompt (`prompt`, `version`). */
export function Page() {
  const [scope] = useScope();
  const may = useMay("member");
  const text = (name: string) => (typeof scope[name] === "string" ? scope[name] : "");
  const [call, prompt, version] = [text("call"), text("prompt"), text("version")];
  const providers = useProviders(may);
  const source = useCallSource(call);
  const versions = useVersions(prompt);
  const [handed] = useState(() => (text("draft") && prompt ? takeOver(prompt) : null));
  const error = providers.error ?? source.error ?? versions.error;

  let start: Start | null | undefined;
  if (!call && !prompt) start = { kind: "blank", id: "", version: 0, draft: blankDraft(""), variables: [], typed: {}, provider: "", model: "" };
  else if (call && source.data) start = { ...source.data, kind: "call", id: call, version: 0, draft: draftOf(source.data.body, source.data.dialect), variables: [], typed: {} };
  else if (prompt && handed) start = { kind: "prompt", id: prompt, version: handed.version, draft: handed.draft, variables: handed.variables, typed: handed.typed, provider: "", model: handed.draft.model };
  else if (prompt && versions.data) {
    const found = version ? versions.data.find((each) => String(each.version) === version) : versions.data[0];
    const read = found && editable(found.body);
    start = read ? { kind: "prompt", id: prompt, version: found.version, draft: draftOf(read.body, read.dialect), variables: found.variables, typed: takeOver(prompt)?.typed ?? {}, provider: "", model: typeof read.body["model"] === "string" ? read.body["model"] : "" } : null;
  }
  if (may && start && providers.data) return <Playground key={`${start.kind} ${start.id} ${start.version}`} start={start} providers={providers.data} />;
  return (
    <>
      <PageTop title="Playground" />
      <PageBody>
        {!may ? (
          <Empty title="The playground needs the role member">Its calls cost money. Ask an admin of your organisation for the role.</Empty>
        ) : error ? (
          <>
            <Failure
              error={error}
              retry={() => {
                void providers.refetch();
                if (call) void source.refetch();
                if (prompt) void versions.refetch();
              }}
            />
            {(call || prompt) && (
              <Empty
                title="Begin without it"
                action={
                  <Button component={Link} to={"/playground" as string}>
                    Open a blank playground
                  </Button>
                }
              />
            )}
          </>
        ) : start === null ? (
          <Empty
            title={`The prompt ${prompt} has no version ${version}`}
            action={
              <Button component={Link} to={"/playground" as string} search={{ prompt } as never}>
                Open its newest version
              </Button>
            }
          />
        ) : (
          <BlockSkeleton height={420} />
        )}
      </PageBody>
    </>
  );
}
