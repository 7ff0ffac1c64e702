import { useNavigate, Link } from "@tanstack/react-router";
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { DataTable, type Column, type Sort } from "@/components/DataTable";
import { Loaded, RowsSkeleton } from "@/components/States";
import { Panel } from "@/components/Page";
import { count } from "@/format/numbers";
import { useScope, writeScope, writeSort } from "@/state/search";
import { CompactGroup } from "./CompactGroup";
import { figureColumn, type Around, type FigureName, type Figures } from "./columns";
import { NoGroups, type NoGroupsProps } from "./NoGroups";

export interface Target {
  to: string;
  search: Record<string, unknown>;
}

interface Props<Row> {
  label: string;
  /** What a row is, in the plural: "users". */
  what: string;
  query: UseInfiniteQueryResult<Row[]>;
  sort: Sort;
  /** Columns of its own, then figures by name. */
  columns: (around: Around<Row>) => Column<Row>[];
  figures: FigureName[];
  /** Columns after the figures, and figures after those. */
  more?: Column<Row>[];
  last?: FigureName[];
  rowKey: (row: Row) => string;
  /** What a row is called on a narrow screen; its key where it has no other name. */
  name?: (row: Row) => ReactNode;
  filterOf: (row: Row) => string;
  target: (row: Row, around: Around<Row>) => Target;
  empty: NoGroupsProps;
  title?: string;
}

/** A list of groups: sorted by the API, page after page; a row leads to its page, a figure to the calls behind it. */
export function GroupTable<Row extends Figures>({ label, what, query, sort, columns, figures, more = [], last = [], rowKey, name = rowKey, filterOf, target, empty, title }: Props<Row>) {
  const [scope, setScope] = useScope();
  const navigate = useNavigate();
  return (
    <Panel flush {...(title ? { title } : {})}>
      <Loaded query={query} skeleton={<RowsSkeleton rows={10} />}>
        {(rows) => {
          if (!rows.length) return <NoGroups {...empty} />;
          const around: Around<Row> = { rows, sort, scope, filterOf };
          const link = (row: Row) => {
            const { to, search } = target(row, around);
            return { to, search: writeScope(search) as never };
          };
          return (
            <DataTable
              label={label}
              columns={[...columns(around), ...figures.map((figure) => figureColumn(figure, around)), ...more, ...last.map((figure) => figureColumn(figure, around))]}
              compact={(row) => <CompactGroup name={name(row)} row={row} />}
              rows={rows}
              rowKey={rowKey}
              sort={sort}
              onSort={(next) => setScope({ sort: writeSort(next) })}
              rowLink={(row) => <Link data-row-link {...link(row)} aria-label={rowKey(row)} />}
              onOpen={(row) => void navigate(link(row))}
              onEnd={() => {
                if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
              }}
              footer={query.hasNextPage ? "Loading more …" : rows.length > 20 ? `${count(rows.length)} ${what}, all of this filter` : undefined}
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}
