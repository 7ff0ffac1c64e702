import { Button, Skeleton } from "@mantine/core";
import { useRef, type ReactNode } from "react";
import { ApiError } from "@/api/client";
import styles from "./States.module.css";

/** Nothing to show: why, and what to do about it. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles["state"]} role="status">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

/** A request that failed: what the API says, and a button that tries again. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof ApiError ? error : null;
  const title = problem?.status === 403 ? "You may not see this" : (problem?.title ?? "Something went wrong on this page");
  return (
    <div className={styles["state"]} role="alert">
      <strong>{title}</strong>
      <p>{problem?.detail || (problem ? "" : String(error))}</p>
      {retry && problem?.status !== 403 && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

/** Grey lines in the shape of a table that is on its way. */
export function RowsSkeleton({ rows = 8 }: { rows?: number }) {
  return (
    <div className={styles["rows"]} role="status" aria-busy="true" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={12} width={`${92 - ((index * 17) % 40)}%`} />
      ))}
    </div>
  );
}

export function BlockSkeleton({ height }: { height: number }) {
  return <Skeleton height={height} role="status" aria-busy="true" aria-label="Loading" />;
}

interface Loadable<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** Draws `children` with the data of a query; until then `skeleton`, or the failure. Old data stays while new is fetched, and
 * where the question cannot be read: the filter bar says what is wrong with it. */
export function Loaded<T>({ query, skeleton, children }: { query: Loadable<T>; skeleton: ReactNode; children: (data: T) => ReactNode }) {
  const last = useRef<T | undefined>(undefined);
  if (query.data !== undefined) last.current = query.data;
  const unread = query.error instanceof ApiError && query.error.status === 400;
  const data = query.data ?? (unread ? last.current : undefined);
  if (data !== undefined) return <>{children(data)}</>;
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <>{skeleton}</>;
}
