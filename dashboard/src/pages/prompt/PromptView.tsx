import { Button, Menu, Tabs, ActionIcon } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Link, useRouter } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { usePromptChanges, useVersionFigures, type Prompt, type Version } from "@/api/prompts";
import { useFilled } from "@/chat/useFilled";
import type { Typed } from "@/chat/variables";
import { Copy } from "@/components/Bits";
import { Icon } from "@/components/Icon";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { Empty } from "@/components/States";
import { TimeRange } from "@/components/TimeRange";
import { Environments } from "@/pages/prompts/Environments";
import { useMay } from "@/state/roles";
import { useScope } from "@/state/search";
import { Editor } from "./Editor";
import { HowTo } from "./HowTo";
import { LeaveDialog } from "./LeaveDialog";
import { Metrics } from "./Metrics";
import { PromptTitle } from "./PromptTitle";
import styles from "./PromptView.module.css";
import { SaveDialog } from "./SaveDialog";
import { usePromptDraft } from "./usePromptDraft";
import { handOver, takeOver } from "@/chat/handOver";
import { Versions } from "./Versions";

interface Props {
  prompt: Prompt;
  versions: Version[];
  /** The one that the URL names; null where there is none of that number. */
  version: Version | null;
}

/** The page of a prompt that is there. What is edited stays while its tabs change. */
export function PromptView({ prompt, versions, version }: Props) {
  const [scope, setScope] = useScope();
  const hasPlayground = "/playground" in useRouter().routesByPath;
  const mayEdit = useMay("member");
  const [resumed] = useState(() => takeOver(prompt.id));
  const isResumed = resumed !== null && version !== null && resumed.version === version.version;
  const editing = usePromptDraft(version, isResumed ? { ...resumed, base: resumed.version } : null);
  const [typed, setTyped] = useState<Typed>(resumed?.typed ?? {});
  const [isSaving, setSaving] = useState(false);
  const filled = useFilled(editing.body, editing.variables, typed);
  const figures = useVersionFigures(prompt.id);
  const { save, archive } = usePromptChanges();
  const tab = typeof scope["tab"] === "string" && scope["tab"] ? scope["tab"] : "editor";
  const newest = versions[0]?.version ?? 0;
  const { start } = editing;
  const shown = useRef(version?.version);
  useEffect(() => {
    // another version of the URL begins anew; a list of versions that came again does not
    if (version && scope["version"] !== undefined && shown.current !== version.version) start(version);
    shown.current = version?.version;
  }, [version, start, scope]);

  return (
    <>
      <PageTop
        title={<PromptTitle name={prompt.name || prompt.id} />}
        beside={
          <span className={styles["beside"]}>
            {prompt.name && <span className="mono">{prompt.id}</span>}
            <Copy text={prompt.id} label="Copy the id" />
            <Environments id={prompt.id} labels={prompt.labels} />
          </span>
        }
      >
        {(tab === "metrics" || tab === "versions") && <TimeRange />}
        {mayEdit && (
          <>
            {hasPlayground && <Button component={Link} to={"/playground" as string} search={(editing.dirty ? { prompt: prompt.id, draft: "yes" } : { prompt: prompt.id, version: String(editing.base) }) as never} leftSection={<Icon name="play" size={13} />} onClick={() => handOver({ prompt: prompt.id, version: editing.base, draft: editing.draft, variables: editing.variables, typed })}>
              Try it
            </Button>}
            <Button variant="filled" disabled={!editing.dirty || Object.keys(editing.faults).length > 0} onClick={() => setSaving(true)}>
              Save<span className="on-wide">&nbsp;version</span>
            </Button>
            <Menu>
              <Menu.Target>
                <ActionIcon aria-label="More">
                  <Icon name="more" />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => archive.mutate({ id: prompt.id, archived: !prompt.archived_us })}>{prompt.archived_us ? "Restore" : "Archive: take it out of use"}</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        )}
      </PageTop>
      <PageBody>
        {prompt.archived_us > 0 && (
          <p className={styles["archived"]} role="status">
            This prompt is archived: calls that name it are answered 404. Restore it in the menu above.
          </p>
        )}
        <Tabs value={tab} onChange={(next) => setScope({ tab: next === "editor" || !next ? "" : next })}>
          <Tabs.List>
            <Tabs.Tab value="editor">
              Editor <span className="dim">{editing.dirty ? `v${editing.base}, changed` : `v${editing.base}`}</span>
            </Tabs.Tab>
            <Tabs.Tab value="versions">
              Versions <span className="dim">{versions.length}</span>
            </Tabs.Tab>
            <Tabs.Tab value="metrics">Metrics</Tabs.Tab>
            <Tabs.Tab value="use">Use it</Tabs.Tab>
          </Tabs.List>
        </Tabs>
        {tab === "editor" &&
          (version ? (
            <Editor editing={editing} filled={filled} typed={typed} onTyped={setTyped} readOnly={!mayEdit} above={editing.base < newest ? <OlderVersion base={editing.base} newest={newest} /> : null} />
          ) : (
            <Panel>
              <Empty title={`There is no version ${String(scope["version"])}`} action={<Button onClick={() => setScope({ version: "" })}>Open the newest, version {newest}</Button>} />
            </Panel>
          ))}
        {tab === "versions" && <Versions prompt={prompt} versions={versions} figures={figures.data ?? []} mayEdit={mayEdit} />}
        {tab === "metrics" && <Metrics prompt={prompt} figures={figures.data ?? []} />}
        {tab === "use" && <HowTo prompt={prompt} variables={filled.variables} typed={typed} dialect={editing.draft.dialect} version={editing.base} />}
      </PageBody>
      {isSaving && (
        <SaveDialog
          id={prompt.id}
          newest={newest}
          environments={prompt.labels}
          error={save.error}
          isSaving={save.isPending}
          onClose={() => {
            setSaving(false);
            save.reset();
          }}
          onSave={({ note, environments, after }) =>
            save.mutate(
              { id: prompt.id, body: editing.body, variables: editing.variables, note, environments, after },
              {
                onSuccess: (made) => {
                  setSaving(false);
                  editing.start(made.version);
                  if (scope["version"]) setScope({ version: String(made.version.version) }, true);
                  notifications.show({ message: `Version ${made.version.version} is saved` });
                },
              },
            )
          }
        />
      )}
      <LeaveDialog when={editing.dirty && !isSaving} />
    </>
  );
}

function OlderVersion({ base, newest }: { base: number; newest: number }) {
  const [, setScope] = useScope();
  return (
    <div className={styles["older"]} role="status">
      This is version {base}; the newest is {newest}. Saving makes version {newest + 1} of what stands here.
      <Button variant="subtle" color="gray" onClick={() => setScope({ version: "" })}>
        Open version {newest}
      </Button>
    </div>
  );
}
