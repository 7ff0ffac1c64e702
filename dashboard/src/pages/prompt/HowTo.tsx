import { NativeSelect, SegmentedControl } from "@mantine/core";
import type { Prompt } from "@/api/prompts";
import { useStatus } from "@/api/status";
import type { Dialect } from "@/chat/convert";
import { valueOf, type Typed, type Variable } from "@/chat/variables";
import { Panel } from "@/components/Page";
import { Snippet } from "@/components/Snippet";
import { inOrder } from "@/pages/prompts/Environments";
import { useScope } from "@/state/search";
import styles from "./HowTo.module.css";
import { snippets } from "./snippets";

/** How a program uses the prompt: ready to paste, with the values that are typed in the editor. */
export function HowTo({ prompt, variables, typed, dialect, version }: { prompt: Prompt; variables: Variable[]; typed: Typed; dialect: Dialect; version: number }) {
  const [scope, setScope] = useScope();
  const gateway = useStatus().data?.gateway.url ?? `${location.protocol}//${location.hostname}:8787`;
  const target = typeof scope["target"] === "string" ? scope["target"] : "";
  const values = Object.fromEntries(variables.map((one) => [one.name, valueOf(typed[one.name] || example(one), one.type)]));
  const all = snippets({ id: prompt.id, environment: target === "version" ? "" : target, version: target === "version" ? version : 0, values, gateway, dialect });
  const chosen = all.find((each) => each.title === scope["language"]) ?? all[0]!;
  return (
    <Panel title="Use it in a program" sub={`the prompt's messages come first, then the call's; where both set a field, the call's wins`}>
      <div className={styles["bar"]}>
        <SegmentedControl aria-label="Language" data={all.map((each) => each.title)} value={chosen.title} onChange={(language) => setScope({ language: language === all[0]!.title ? "" : language }, true)} />
        <NativeSelect
          aria-label="Which version the program gets"
          value={target}
          onChange={(event) => setScope({ target: event.currentTarget.value }, true)}
          data={[
            { value: "", label: "production, else the newest" },
            ...inOrder(prompt.labels).map(([label]) => ({ value: label, label: `environment ${label}` })),
            { value: "version", label: `always version ${version}` },
          ]}
        />
      </div>
      <Snippet text={chosen.text} what={chosen.title} copyLabel={`Copy ${chosen.title}`} />
    </Panel>
  );
}

function example(variable: Variable): string {
  if (variable.default !== undefined) return String(variable.default);
  return variable.type === "number" ? "1" : variable.type === "boolean" ? "true" : variable.name.toUpperCase();
}
