import { Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { BarList } from "@/components/BarList";
import { Figure, Figures, Status, Tag } from "@/components/Bits";
import { Chart } from "@/components/Chart";
import { Meter } from "@/components/Meter";
import { Grid, PageBody, PageTop, Panel } from "@/components/Page";
import { Segments } from "@/components/Segments";
import { BlockSkeleton, Empty, Failure, RowsSkeleton } from "@/components/States";
import styles from "./Page.module.css";

const GROUNDS = ["bg", "panel", "raise", "line", "line-strong"];
const INKS = ["ink", "ink-2", "ink-3", "accent", "ok", "warn", "bad"];
const SERIES = ["c1", "c2", "c3", "c4", "c5", "c6", "c7"];
const TYPE = [
  ["t-xl", "22 px", "A figure: $214.07"],
  ["t-lg", "15 px", "The title of a page"],
  ["t-md", "13 px", "Text and rows of tables"],
  ["t-sm", "12 px", "Labels, legends, what stands beside"],
  ["t-xs", "11 px", "Ticks of axes, tags; nothing is smaller"],
];
const SPACE = ["s1", "s2", "s3", "s4", "s5", "s6"];
const METERS: [used: number, tone: "warn" | "bad" | undefined, words: string][] = [
  [0.42, undefined, "below"],
  [0.86, "warn", "near"],
  [1, "bad", "over"],
];
const SEGMENTS = { cost: "Cost", requests: "Requests", tokens: "Tokens" };
const HOURS = Array.from({ length: 24 }, (_, hour) => 1_767_225_600 + hour * 3600);
const WAVE = [1, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12].map((share, row) => ({
  label: `series ${row + 1}`,
  values: HOURS.map((_, hour) => share * (6 + 4 * Math.sin((hour + row) / 3.2))),
}));

/** The tokens of the design and the parts made of them, as the theme at hand draws them. For those who build pages. */
export function Page() {
  const [segment, setSegment] = useState<keyof typeof SEGMENTS>("cost");
  return (
    <>
      <PageTop title="Design" beside="tokens and parts" />
      <PageBody>
        <Grid columns="1fr 1fr">
          <Panel title="Colours" sub="one accent; colour means something or is not there">
            <Swatches title="Grounds and lines" names={GROUNDS} />
            <Swatches title="Ink and meaning" names={INKS} />
            <Swatches title="Series, told apart by colour-blind eyes" names={SERIES} />
          </Panel>
          <Panel title="Type and space">
            {TYPE.map(([token, size, text]) => (
              <div key={token} className={styles["type"]}>
                <span className="mono dim">
                  --{token} {size}
                </span>
                <span style={{ fontSize: `var(--${token})`, fontWeight: token === "t-xl" || token === "t-lg" ? 600 : 400 }}>{text}</span>
              </div>
            ))}
            <div className={styles["type"]}>
              <span className="mono dim">--mono 12 px</span>
              <span className="mono">01a21c20-7921-7bcc, https://, !=, status:429</span>
            </div>
            <div className={styles["spaces"]}>
              {SPACE.map((token) => (
                <span key={token} className="mono dim">
                  <i style={{ width: `var(--${token})` }} />
                  {token}
                </span>
              ))}
            </div>
            <div className={styles["meters"]}>
              {METERS.map(([used, tone, words]) => (
                <div key={words}>
                  <Meter used={used} tone={tone} mark={0.8} label={words} />
                  <span className="dim">{words}</span>
                </div>
              ))}
            </div>
          </Panel>
        </Grid>
        <Figures>
          <Figure label="Cost" value="$214.07" change="+21.4 %" goodWhen="down" trend={WAVE[0]!.values} />
          <Figure label="Latency P95" value="2.38 s" change="−4 %" goodWhen="down" sub="P50 687 ms" trend={WAVE[1]!.values} />
          <Figure label="Requests" value="182,411" change="+8.2 %" trend={WAVE[2]!.values} />
          <Figure label="Not known" value="?" sub="absent is –, free is $0" />
        </Figures>
        <Grid columns="minmax(0, 1.55fr) minmax(0, 1fr)">
          <Panel title="Stacked bars">
            <Chart label="Stacked bars" kind="stack" legend="below" unit="USD" zone="utc" times={HOURS} series={WAVE} />
          </Panel>
          <Panel title="Names with bars">
            <BarList bars={WAVE.map((each, at) => ({ key: each.label, label: each.label, size: 7 - at, value: `$${(7 - at).toFixed(2)}`, beside: "+3 %" }))} />
          </Panel>
        </Grid>
        <Grid columns="1fr 1fr 1fr">
          <Panel title="Marks and fields">
            <div className={styles["row"]}>
              {[200, 404, 429, 500].map((code) => (
                <Status key={code} code={code} />
              ))}
              <Tag>production</Tag>
              <Tag tone="ok">cached</Tag>
              <Tag tone="warn">retried</Tag>
              <Tag tone="bad">cut</Tag>
            </div>
            <div className={styles["row"]}>
              <Button>Default</Button>
              <Button variant="filled">Main action</Button>
              <Button variant="outline" color="red">Delete</Button>
              <Segments label="Segments" value={segment} onChange={setSegment} options={SEGMENTS} />
            </div>
            <TextInput label="Field" placeholder="Words say what is right" error="A name is needed, found nothing" />
            <Select label="Choice" data={["user", "model"]} defaultValue="user" mt="sm" />
          </Panel>
          <Panel title="Empty and loading">
            <Empty title="No call carries a session yet">Send the header Helicone-Session-Id.</Empty>
            <RowsSkeleton rows={3} />
          </Panel>
          <Panel title="Failure">
            <Failure error="the log did not answer within 10 s" retry={() => undefined} />
            <BlockSkeleton height={60} />
          </Panel>
        </Grid>
      </PageBody>
    </>
  );
}

function Swatches({ title, names }: { title: string; names: string[] }) {
  return (
    <div className={styles["swatches"]}>
      <h3>{title}</h3>
      {names.map((name) => (
        <span key={name} className="mono dim">
          <i style={{ background: `var(--${name})` }} />
          {name}
        </span>
      ))}
    </div>
  );
}
