import { Select } from "@mantine/core";
import { Panel } from "@/components/Page";
import { usePropertyNames } from "@/api/suggestions";
import { RowsSkeleton } from "@/components/States";
import { useScope } from "@/state/search";
import { TopList } from "./TopList";

const OTHERS = [
  { value: "user", label: "user" },
  { value: "model", label: "model" },
  { value: "provider", label: "provider" },
  { value: "prompt", label: "prompt" },
  { value: "key", label: "key" },
  { value: "name", label: "request name" },
];

/** Where the money goes: by one of the properties that calls carry, a user, a key or a prompt. */
export function Spend() {
  const [scope, setScope] = useScope();
  const names = usePropertyNames();
  const properties = (names.data ?? []).map((name) => ({ value: `property.${name}`, label: name }));
  const first = properties.find((each) => each.label === "feature") ?? properties[0] ?? OTHERS[0]!;
  const asked = typeof scope["by"] === "string" ? scope["by"] : "";
  const by = asked || first.value;
  const known = [...properties, ...OTHERS];
  const data = [
    ...(properties.length ? [{ group: "Properties", items: properties }] : []),
    { group: "Of the call", items: known.some((each) => each.value === by) ? OTHERS : [...OTHERS, { value: by, label: by }] },
  ];
  return (
    <Panel
      title="Where the money goes"
      sub="by"
      actions={
        <Select
          aria-label="Spend by"
          data={data}
          value={by}
          allowDeselect={false}
          onChange={(value) => setScope({ by: value === first.value ? "" : value }, true)}
          w={140}
          searchable={known.length > 12}
        />
      }
    >
      {names.isPending ? <RowsSkeleton rows={6} /> : <TopList dimension={by} measure="cost" none={`without ${known.find((each) => each.value === by)?.label ?? "one"}`} rows={7} />}
    </Panel>
  );
}
