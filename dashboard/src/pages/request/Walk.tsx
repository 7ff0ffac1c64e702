import { UnstyledButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { requestOptions, useNeighbours } from "@/api/requests";
import { readSort, useScope, writeScope } from "@/state/search";
import styles from "./Page.module.css";
import { useKeys } from "./useKeys";

/** Previous and next call of the list that this page was opened from: the URL's filter, range and order. */
export function Walk({ id }: { id: string }) {
  const [scope] = useScope();
  const neighbours = useNeighbours(id, readSort(scope["sort"]));
  const navigate = useNavigate();
  const queries = useQueryClient();
  const search = writeScope(scope) as never;
  const { previous, next } = neighbours.data ?? { previous: null, next: null };
  const waiting = useRef<"next" | "previous" | null>(null);
  const go = (to: string) => void navigate({ to: "/requests/$id" as string, params: { id: to } as never, search });
  const step = (way: "next" | "previous") => {
    const to = neighbours.data?.[way];
    if (to) go(to);
    else if (!neighbours.data) waiting.current = way; // a key pressed before the list is known counts once it is
  };
  useKeys({ j: () => step("next"), k: () => step("previous") });
  useEffect(() => {
    if (!neighbours.data) return;
    const way = waiting.current;
    waiting.current = null;
    if (way) step(way);
    // the calls beside this one are read before anybody asks
    for (const beside of [next, previous]) if (beside) void queries.prefetchQuery(requestOptions(beside));
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [neighbours.data]);
  const link = (to: string | null, label: string, key: string) =>
    to ? (
      <Link to={"/requests/$id" as string} params={{ id: to } as never} search={search} className={styles["walk"]!}>
        {label} <kbd>{key}</kbd>
      </Link>
    ) : (
      <span className={styles["walk"]} data-off aria-disabled="true">
        {label} <kbd>{key}</kbd>
      </span>
    );
  return (
    <>
      {link(previous, "Previous", "k")}
      {link(next, "Next", "j")}
    </>
  );
}

/** The same two steps where somebody else knows what comes next. */
export function Steps({ onPrevious, onNext }: { onPrevious: (() => void) | undefined; onNext: (() => void) | undefined }) {
  return (
    <>
      <UnstyledButton className={styles["walk"]} onClick={onPrevious} disabled={!onPrevious} data-off={!onPrevious || undefined}>
        Previous <kbd>k</kbd>
      </UnstyledButton>
      <UnstyledButton className={styles["walk"]} onClick={onNext} disabled={!onNext} data-off={!onNext || undefined}>
        Next <kbd>j</kbd>
      </UnstyledButton>
    </>
  );
}
