import { useMantineColorScheme } from "@mantine/core";
import type { ReactNode } from "react";
import { Panel } from "@/components/Page";
import { Segments } from "@/components/Segments";
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
        <Choice label="Theme" value={colorScheme} onChange={setColorScheme} options={{ auto: "System", light: "Light", dark: "Dark" }} />
        <Choice label="Times" value={scope.zone} onChange={(zone) => setScope({ zone })} options={{ local: `Local (${zoneName("local")})`, utc: "UTC" }}>
          It is part of each page's address, so that a shared link shows the same times. Now: <span className="num">{bothTimes(new Date()).replace("\n", " = ")}</span>
        </Choice>
        <Choice label="Table rows" value={density} onChange={setDensity} options={{ dense: "Dense", roomy: "Roomy" }} />
      </div>
    </Panel>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  options: Record<T, string>;
  children?: ReactNode;
}

function Choice<T extends string>({ children, ...segments }: ChoiceProps<T>) {
  return (
    <div>
      <div className={styles["label"]}>{segments.label}</div>
      <Segments {...segments} />
      {children && <div className={styles["about"]}>{children}</div>}
    </div>
  );
}
