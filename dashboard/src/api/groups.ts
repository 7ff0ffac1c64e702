import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Sort } from "@/components/DataTable";
import { zoneName } from "@/format/times";
import { useScope } from "@/state/search";
import { api, dataOf } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

/** The lists of groups of calls, and what a row of each is. */
export interface GroupRows {
  sessions: Schemas["SessionRow"];
  users: Schemas["UserRow"];
  models: Schemas["ModelRow"];
  properties: Schemas["PropertyRow"];
  values: Schemas["ValueRow"];
  errors: Schemas["ErrorRow"];
  tools: Schemas["ToolRow"];
}

export type GroupList = keyof GroupRows;
export type Previous = Schemas["Previous"];

const PATHS: Record<GroupList, string> = {
  sessions: "/api/sessions/query",
  users: "/api/users/query",
  models: "/api/models/query",
  properties: "/api/properties/query",
  values: "/api/properties/values/query",
  errors: "/api/errors/query",
  tools: "/api/tools/query",
};

export interface GroupAsked {
  /** In place of the page's filter. */
  filter?: string;
  sort?: Sort | undefined;
  /** The name of the property, for the list of its values. */
  name?: string;
  limit?: number;
  compare?: boolean;
}

type Page<Row> = { data: Row[]; next: string | null };

function post<List extends GroupList>(list: List, body: Schemas["GroupAsked"], signal: AbortSignal): Promise<Page<GroupRows[List]>> {
  return dataOf(api.POST(PATHS[list] as "/api/users/query", { body, signal })) as unknown as Promise<Page<GroupRows[List]>>;
}

/** The groups of the page's filter and range, page after page. */
export function useGroups<List extends GroupList>(list: List, { filter, sort, name, limit = 100, compare = true }: GroupAsked) {
  const [scope] = useScope();
  const asked = {
    filter: (filter ?? scope.q) || null,
    since: scope.since,
    until: scope.until,
    zone: zoneName(scope.zone),
    ...(sort ? { sort: sort.column, order: sort.direction } : {}),
    ...(name === undefined ? {} : { name }),
    limit,
    compare,
  };
  return useInfiniteQuery({
    queryKey: ["groups", list, asked],
    initialPageParam: "",
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => post(list, { ...asked, cursor: pageParam }, signal),
    getNextPageParam: (page) => page.next ?? undefined,
    select: ({ pages }) => pages.flatMap((page) => page.data),
  });
}

/** Whether the log holds any group of a list, whenever it was. Asked where the range shows none. */
export function useAnyGroup(list: GroupList, enabled: boolean, name?: string) {
  return useQuery({
    queryKey: ["any-group", list, name],
    enabled,
    queryFn: async ({ signal }) => (await post(list, { since: "1970-01-01", limit: 1, ...(name === undefined ? {} : { name }) }, signal)).data.length > 0,
  });
}
