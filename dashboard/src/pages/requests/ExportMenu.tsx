import { Button, Menu } from "@mantine/core";
import { Icon } from "@/components/Icon";
import { useScope } from "@/state/search";
import { exportAs } from "./exportAs";

export function ExportMenu({ total }: { total: number | null }) {
  const [scope] = useScope();
  return (
    <Menu>
      <Menu.Target>
        <Button rightSection={<Icon name="down" size={12} />}>Export</Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{total === null ? "All of this filter" : `${total} calls`}</Menu.Label>
        {(["csv", "jsonl", "parquet"] as const).map((format) => (
          <Menu.Item key={format} onClick={() => void exportAs(format, scope)}>
            {format === "csv" ? "CSV" : format === "jsonl" ? "JSON lines" : "Parquet"}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
