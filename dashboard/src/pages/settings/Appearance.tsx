import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import type { ReactNode } from "react";
import { Panel } from "@/components/Page";
import { bothTimes, zoneName } from "@/format/times";
import { setDensity, useDensity } from "@/state/density";
import { useScope } from "@/state/search";
import styles from "./Settings.module.css";

/** Theme, zone and density, of this browser. */
export function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [scope, setScope] = useScope();
  const density = useDensity();
  return (
    <Panel title="Appearance" sub="of this browser">
      <div className={styles["form"]}>
        <Choice label="Theme" value={colorScheme} onChange={(value) => setColorScheme(value as "auto" | "light" | "dark")} data={[{ value: "auto", label: "As the system" }, { value: "light", label: "Light" }, { value: "dark", label: "Dark" }]} />
        <Choice
          label="Times"
          value={scope.zone}
          onChange={(zone) => setScope({ zone: zone as "local" | "utc" })}
          data={[
            { value: "local", label: `Yours: ${zoneName("local")}` },
            { value: "utc", label: "UTC" },
          ]}
        >
          The address of a page holds it, so that a shared link shows the same times. Now: <span style={{ whiteSpace: "pre-line" }}>{bothTimes(new Date()).replace("\n", ", ")}</span>
        </Choice>
        <Choice label="Rows of tables" value={density} onChange={(value) => setDensity(value as "dense" | "roomy")} data={[{ value: "dense", label: "Dense" }, { value: "roomy", label: "Roomy" }]} />
      </div>
    </Panel>
  );
}

function Choice(props: { label: string; value: string; onChange: (value: string) => void; data: { value: string; label: string }[]; children?: ReactNode }) {
  return (
    <div>
      <div style={{ marginBottom: 4, fontWeight: 500, fontSize: "var(--t-sm)" }}>{props.label}</div>
      <SegmentedControl aria-label={props.label} value={props.value} onChange={props.onChange} data={props.data} />
      {props.children && (
        <div className="dim" style={{ marginTop: 6, fontSize: "var(--t-sm)" }}>
          {props.children}
        </div>
      )}
    </div>
  );
}
