import { Button, Drawer, Group, Input, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { usePropertyNames } from "@/api/suggestions";
import { useMetricsSchema, useScoreNames } from "@/api/tiles";
import { Icon } from "@/components/Icon";
import { LegendSlot } from "@/components/Page";
import { Segments } from "@/components/Segments";
import type { Scope } from "@/state/search";
import { TILE_TYPES, type Tile, type TileType } from "./content";
import { dimensionChoices, measureChoices } from "@/components/measures/choices";
import { titleOf } from "@/components/measures/measures";
import { Picks } from "@/components/measures/Picks";
import { USUAL_TOP } from "./question";
import { TileBody } from "./TileBody";
import styles from "./TileForm.module.css";

const TYPE_NAMES: Record<TileType, string> = { line: "Lines", area: "Stack", bar: "Bars", number: "Number", list: "Top list", table: "Table", heatmap: "Heatmap" };
const RANGES = [
  { value: "", label: "The board's" },
  ...["1h", "6h", "24h", "7d", "30d", "90d"].map((value) => ({ value, label: `Last ${value}` })),
];

interface Props {
  tile: Tile | null;
  isNew: boolean;
  scope: Scope;
  onDone: (tile: Tile) => void;
  onClose: () => void;
}

/** Adds or changes a tile, with a preview of it as it is. */
export function TileForm({ tile, isNew, scope, onDone, onClose }: Props) {
  const [edited, setEdited] = useState<Tile | null>(tile);
  useEffect(() => setEdited(tile), [tile]);
  const shown = edited ?? tile;
  return (
    <Drawer opened={!!tile} onClose={onClose} position="right" size={460} title={isNew ? "Add a tile" : "Edit the tile"} overlayProps={{ backgroundOpacity: 0.18 }}>
      {shown && <Fields tile={shown} isNew={isNew} scope={scope} onChange={setEdited} onDone={onDone} onClose={onClose} />}
    </Drawer>
  );
}

function Fields({ tile, isNew, scope, onChange, onDone, onClose }: Omit<Props, "tile"> & { tile: Tile; onChange: (tile: Tile) => void }) {
  const schema = useMetricsSchema();
  const properties = usePropertyNames();
  const scores = useScoreNames();
  const [preview] = useDebouncedValue(tile, 250);
  const [slot, setSlot] = useState<HTMLElement | null>(null);
  const set = (more: Partial<Tile>) => onChange({ ...tile, ...more });
  const groups = tile.type !== "number" && tile.type !== "heatmap";
  const single = tile.type === "number" || tile.type === "list" || tile.type === "heatmap";
  const problem = !tile.measures.length ? "Choose what to show." : tile.type === "list" && !tile.dimensions.length ? "A list needs a column to group by." : "";
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (!problem) onDone({ ...tile, measures: single ? tile.measures.slice(0, 1) : tile.measures, dimensions: groups ? tile.dimensions : [] });
      }}
    >
      <section className={styles["preview"]} aria-label="Preview">
        <header>
          <h3>{tile.measures.length ? titleOf(tile) : "Preview"}</h3>
          <div ref={setSlot} />
        </header>
        <div className={styles["drawn"]}>
          <LegendSlot value={slot}>{preview.measures.length ? <TileBody tile={preview} scope={scope} /> : <p className="dim">Choose what to show, and it is drawn here.</p>}</LegendSlot>
        </div>
      </section>
      <Stack gap="md">
        <div className={styles["types"]} role="radiogroup" aria-label="Kind of tile">
          {TILE_TYPES.map((type) => (
            <button key={type} type="button" role="radio" aria-checked={tile.type === type} onClick={() => set({ type })}>
              <Icon name={type} />
              {TYPE_NAMES[type]}
            </button>
          ))}
        </div>
        <Picks
          label="Show"
          data={measureChoices(schema.data?.measures ?? [], scores.data ?? [], tile.measures, tile.type === "heatmap")}
          value={single ? tile.measures.slice(0, 1) : tile.measures}
          onChange={(measures) => set({ measures })}
          most={single ? 1 : 6}
          placeholder="cost, requests, P95 latency …"
        />
        {groups && (
          <Picks
            label="Group by"
            data={dimensionChoices(schema.data?.dimensions ?? [], properties.data ?? [], tile.dimensions)}
            value={tile.type === "list" ? tile.dimensions.slice(0, 1) : tile.dimensions}
            onChange={(dimensions) => set({ dimensions })}
            most={tile.type === "list" ? 1 : 4}
            placeholder={tile.type === "list" ? "a column" : "nothing"}
          />
        )}
        <TextInput label="Filter" description="Besides the board's own" placeholder="failed:true model:gpt-5*" value={tile.q} onChange={(event) => set({ q: event.currentTarget.value })} spellCheck={false} styles={{ input: { fontFamily: "var(--mono)" } }} />
        <Group grow align="end" gap="md">
          <Select label="Time range" data={RANGES.some((each) => each.value === tile.since) ? RANGES : [...RANGES, { value: tile.since, label: tile.since }]} value={tile.since} onChange={(since) => set({ since: since ?? "", until: "" })} allowDeselect={false} />
          {groups && tile.dimensions.length > 0 ? (
            <NumberInput label="Groups at most" value={tile.top || ""} placeholder={String(USUAL_TOP[tile.type])} onChange={(top) => set({ top: typeof top === "number" ? top : 0 })} min={1} max={100} allowDecimal={false} clampBehavior="strict" />
          ) : (
            <span />
          )}
        </Group>
        {(tile.type === "line" || tile.type === "area" || tile.type === "bar" || tile.type === "heatmap") && (
          <Input.Wrapper label="A point for each" labelElement="div">
            <Segments fullWidth label="A point for each" value={tile.bucket} onChange={(bucket) => set({ bucket })} options={{ "": "As fits", "1h": "Hour", "1d": "Day", "1w": "Week", "1mo": "Month" }} />
          </Input.Wrapper>
        )}
        <TextInput label="Title" placeholder={tile.measures.length ? titleOf({ ...tile, title: "" }) : "made of what it shows"} value={tile.title} onChange={(event) => set({ title: event.currentTarget.value })} maxLength={120} />
      </Stack>
      <footer className={styles["foot"]}>
        <span className="dim" role="status">
          {problem}
        </span>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="filled" disabled={!!problem}>
          {isNew ? "Add" : "Done"}
        </Button>
      </footer>
    </form>
  );
}
