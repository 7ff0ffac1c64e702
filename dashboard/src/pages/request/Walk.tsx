import { UnstyledButton } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useNeighbours } from "@/api/requests";
import { readSort, useScope, writeScope } from "@/state/search";
import styles from "./Page.module.css";
import { useKeys } from "./useKeys";

/** Previous and next call of the list that this page was opened from: the URL's filter, range and order. */
export function Walk({ id }: { id: string }) {
  const [scope] = useScope();
  const neighbours = useNeighbours(id, readSort(scope["sort"]));
  const navigate = useNavigate();
  const search = writeScope(scope) as never;
  const { previous, next } = neighbours.data ?? { previous: null, next: null };
  const go = (to: string | null) => (to ? () => void navigate({ to: "/requests/$id" as string, params: { id: to } as never, search }) : undefined);
  useKeys({ j: go(next), k: go(previous) });
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
