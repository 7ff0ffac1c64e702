import { TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { Icon } from "@/components/Icon";
import { count } from "@/format/numbers";
import { MAX_HITS } from "../json/find";
import styles from "./Raw.module.css";

interface Props {
  find: (text: string) => Promise<number[]>;
  show: (hit: number) => void;
  onHits?: (hits: number[]) => void;
}

/** Searches a body: Enter goes to the next hit, Shift-Enter to the one before. */
export function Finder({ find, show, onHits }: Props) {
  const [text, setText] = useState("");
  const [wanted] = useDebouncedValue(text, 150);
  const [hits, setHits] = useState<number[]>([]);
  const [at, setAt] = useState(0);
  const latest = useRef({ find, show, onHits });
  latest.current = { find, show, onHits };
  useEffect(() => {
    let left = false;
    const found = wanted ? latest.current.find(wanted) : Promise.resolve([]);
    void found.then((next) => {
      if (left) return;
      setHits(next);
      setAt(0);
      latest.current.onHits?.(next);
      if (next.length) latest.current.show(next[0]!);
    });
    return () => {
      left = true;
    };
  }, [wanted]);
  const go = (step: number) => {
    if (!hits.length) return;
    const next = (at + step + hits.length) % hits.length;
    setAt(next);
    show(hits[next]!);
  };
  return (
    <div className={styles["finder"]}>
      <TextInput
        type="search"
        aria-label="Search in this body"
        placeholder="Search in this body"
        value={text}
        leftSection={<Icon name="search" size={14} />}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
          else if (event.key === "Escape") {
            if (text) setText("");
            else event.currentTarget.blur();
            event.stopPropagation();
          }
        }}
      />
      <span className="dim num" role="status">
        {wanted ? (hits.length ? `${count(at + 1)} of ${count(hits.length)}${hits.length >= MAX_HITS ? "+" : ""}` : "no hits") : ""}
      </span>
      {hits.length > 1 && (
        <>
          <UnstyledButton className={styles["step"]} aria-label="Previous hit" onClick={() => go(-1)}>
            <Icon name="left" size={14} />
          </UnstyledButton>
          <UnstyledButton className={styles["step"]} aria-label="Next hit" onClick={() => go(1)}>
            <Icon name="right" size={14} />
          </UnstyledButton>
        </>
      )}
    </div>
  );
}
