import { UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
import { ApiError } from "@/api/client";
import { BlockSkeleton, RowsSkeleton } from "@/components/States";
import { faultWords } from "./faultWords";
import { TileFault } from "./TileBody";

interface Answer<T> {
  data: T | undefined;
  error: unknown;
  isPlaceholderData: boolean;
  refetch: () => unknown;
}

/** Draws a tile with its answer; until then a grey block, or grey lines; where it was refused the API's words. */
export function TileLoaded<T>({ query, height, rows = false, children }: { query: Answer<T>; height: number; rows?: boolean; children: (data: T) => ReactNode }) {
  if (query.error) return <TileFault>{faultOf(query.error, () => void query.refetch())}</TileFault>;
  if (query.data === undefined) return rows ? <RowsSkeleton rows={Math.max(1, Math.floor(height / 36))} /> : <BlockSkeleton height={Math.max(24, height - 4)} />;
  return <>{children(query.data)}</>;
}

function faultOf(error: unknown, retry: () => void): ReactNode {
  const problem = error instanceof ApiError ? error : null;
  const refused = problem && problem.status >= 400 && problem.status < 500;
  return (
    <>
      {faultWords(error)}
      {!refused && <UnstyledButton onClick={retry}>Try again</UnstyledButton>}
    </>
  );
}
