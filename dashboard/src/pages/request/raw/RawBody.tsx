import { Button, SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { Empty, Failure, RowsSkeleton } from "@/components/States";
import { Icon } from "@/components/Icon";
import { bytes, count } from "@/format/numbers";
import { AbsentBody } from "../AbsentBody";
import { useDocument } from "../worker/CallDocuments";
import type { Part, Summary } from "../worker/protocol";
import { BinaryBody } from "./BinaryBody";
import { Headers } from "./Headers";
import { JsonTree } from "./JsonTree";
import styles from "./Raw.module.css";
import { TextRowsView } from "./TextRowsView";

/** A body as it was, with its headers: a tree where it is JSON, its rows of text otherwise. */
export function RawBody({ part }: { part: Part }) {
  const document = useDocument(part);
  const [asText, setAsText] = useState(false);
  const { summary } = document;
  if (document.error && !summary) return <Failure error={document.error} retry={document.retry} />;
  if (summary === undefined) return <RowsSkeleton rows={8} />;
  return (
    <div>
      <Headers part={part} />
      {summary === null || summary.form === "empty" ? (
        <AbsentBody part={part} />
      ) : (
        <>
          <div className={styles["bar"]}>
            {summary.form === "json" && (
              <SegmentedControl
                aria-label="Show the body as"
                value={asText ? "text" : "tree"}
                onChange={(value) => setAsText(value === "text")}
                data={[
                  { value: "tree", label: "Tree" },
                  { value: "text", label: "Text" },
                ]}
              />
            )}
            <span className="dim num">{sizeInWords(summary, document.growing)}</span>
            <span className={styles["grow"]} />
            {!summary.whole && !document.growing && (
              <Button variant="subtle" onClick={document.loadAll}>
                Load all {bytes(summary.size)}
              </Button>
            )}
            <Button component="a" href={document.address} download variant="subtle" leftSection={<Icon name="download" size={14} />}>
              Download
            </Button>
          </div>
          <StateNote summary={summary} growing={document.growing} />
          {document.error ? <Failure error={document.error} retry={document.retry} /> : null}
          {summary.form === "binary" ? (
            <BinaryBody part={part} summary={summary} />
          ) : summary.form === "json" && !asText ? (
            <JsonTree key={summary.version} part={part} summary={summary} />
          ) : summary.loaded ? (
            <TextRowsView key={summary.version} part={part} summary={summary} />
          ) : (
            <Empty title="This body is empty" />
          )}
        </>
      )}
    </div>
  );
}

function sizeInWords(summary: Summary, growing: boolean): string {
  const size = summary.whole ? bytes(summary.size) : `the first ${bytes(summary.loaded)} of ${bytes(summary.size)}`;
  const nodes = summary.form === "json" ? `, ${count(summary.nodes)} ${summary.nodes === 1 ? "value" : "values"}` : "";
  return size + nodes + (growing ? ", reading the rest …" : "");
}

function StateNote({ summary, growing }: { summary: Summary; growing: boolean }) {
  if (summary.form !== "json" || growing) return null;
  if (summary.state === "full") return <p className={styles["note"]}>The tree has the first {count(summary.nodes)} values. All of them are in the text and in the download.</p>;
  if (summary.state === "bad") return <p className={styles["note"]}>From some place on this is not JSON. The tree shows what comes before it; the text shows all.</p>;
  if (summary.state === "cut" && summary.whole) return <p className={styles["note"]}>This JSON breaks off. The tree shows it as far as it goes.</p>;
  return null;
}
