import { MultiSelect, Select } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useMemo } from "react";
import type { SqlResult } from "@/api/sql";
import { BarList } from "@/components/BarList";
import { Chart } from "@/components/Chart";
import { Segments } from "@/components/Segments";
import { Empty } from "@/components/States";
import { byUnit } from "@/format/numbers";
import { isNumeric } from "./cells";
import { drawChart, guessChart, type ResultChart } from "./chartOf";
import styles from "./ResultPane.module.css";

/** A result as a chart: over time as lines, bars or a stack; by name as bars. */
export function ResultChartView({ result, chart, onChart }: { result: SqlResult; chart: ResultChart | null; onChart: (chart: ResultChart) => void }) {
  const { ref, height } = useElementSize();
  const spec = useMemo(() => chart ?? guessChart(result) ?? { type: "bar" as const, x: "", y: [], series: "" }, [chart, result]);
  const drawn = useMemo(() => drawChart(result, spec), [result, spec]);
  const names = result.columns.map((column) => column.name);
  const numbers = result.columns.filter((column) => isNumeric(column.type)).map((column) => column.name);
  const change = (more: Partial<ResultChart>) => onChart({ ...spec, ...more });
  const timed = typeof drawn !== "string" && "times" in drawn.x;
  return (
    <div className={styles["chart"]}>
      <div className={styles["picks"]}>
        <Select label="X axis" data={names} value={spec.x || null} onChange={(x) => change({ x: x ?? "" })} allowDeselect={false} placeholder="a column" />
        <MultiSelect label="Y axis" data={numbers} value={spec.y} onChange={(y) => change({ y })} placeholder={spec.y.length ? "" : "numbers"} maxValues={8} />
        <Select label="A series for each" data={names.filter((name) => name !== spec.x && !spec.y.includes(name))} value={spec.series || null} onChange={(series) => change({ series: series ?? "" })} clearable placeholder="none" />
        {timed && (
          <Segments label="Kind of chart" value={spec.type} onChange={(type) => change({ type })} options={{ line: "Lines", bar: "Bars", area: "Stack" }} />
        )}
      </div>
      <div ref={ref} className={styles["drawn"]}>
        {typeof drawn === "string" ? (
          <Empty title="No chart yet">{drawn}</Empty>
        ) : "times" in drawn.x ? (
          <Chart label="Chart of the result" kind={spec.type === "line" ? "line" : "stack"} unit={drawn.unit} zone="utc" times={drawn.x.times} series={drawn.series} height={Math.max(180, height - 34)} legend="below" />
        ) : (
          <Bars names={drawn.x.names} drawn={drawn} />
        )}
        {typeof drawn !== "string" && drawn.left > 0 && <p className="dim">{drawn.left} more are not drawn.</p>}
      </div>
    </div>
  );
}

const COLORS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7"];

function Bars({ names, drawn }: { names: string[]; drawn: Exclude<ReturnType<typeof drawChart>, string> }) {
  return (
    <div className={styles["bars"]}>
      {drawn.series.map((each, index) => (
        <section key={each.label}>
          <h3>{each.label}</h3>
          <BarList
            color={COLORS[index % COLORS.length]!}
            bars={names.flatMap((name, at) => (each.values[at] == null ? [] : [{ key: name, label: name, size: Math.max(0, each.values[at]!), value: byUnit(each.values[at], drawn.unit) }]))}
          />
        </section>
      ))}
    </div>
  );
}
