import { Button } from "@mantine/core";
import { useMemo, useState } from "react";
import { bodyAddress, useBody, type BodyPart } from "@/api/bodies";
import { Copy } from "@/components/Bits";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { bytes } from "@/format/numbers";
import styles from "./Bodies.module.css";

/** A body as it was: indented where it is whole JSON, its head first where it is large. */
export function Bodies({ id, part }: { id: string; part: BodyPart }) {
  const [all, setAll] = useState(false);
  const body = useBody(id, part, all);
  return (
    <Loaded query={body} skeleton={<RowsSkeleton rows={6} />}>
      {(found) =>
        found === null ? (
          <Empty title="This body is not stored">The caller asked that it is not, it had none, or bodies of its age are deleted.</Empty>
        ) : (
          <div className={styles["box"]}>
            <div className={styles["bar"]}>
              <span className="dim">{found.whole ? bytes(found.size) : `the first ${bytes(new Blob([found.text]).size)} of ${bytes(found.size)}`}</span>
              {!found.whole && found.size < 8_000_000 && (
                <Button variant="subtle" onClick={() => setAll(true)}>
                  Show all
                </Button>
              )}
              <Button component="a" href={bodyAddress(id, part)} download={`${id}.${part}.txt`} variant="subtle">
                Download
              </Button>
              <Copy text={found.text} label="Copy" />
            </div>
            <Pretty text={found.text} whole={found.whole} />
          </div>
        )
      }
    </Loaded>
  );
}

function Pretty({ text, whole }: { text: string; whole: boolean }) {
  const shown = useMemo(() => (whole ? indented(text) : text), [text, whole]);
  return (
    <pre className={styles["text"]} tabIndex={0}>
      {shown}
    </pre>
  );
}

/** JSON with indentation; any other text as it is. Texts above a megabyte stay as they are: indenting them would block. */
export function indented(text: string): string {
  if (text.length > 1_000_000) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
