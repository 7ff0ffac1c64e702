import { ApiError } from "@/api/client";
import { faultOf } from "@/state/fault";
import { useScope } from "@/state/search";
import { FilterInput } from "./FilterInput";

/** The page's filter. `error` is that of the page's question: what cannot be read is told here. */
export function FilterBar({ error }: { error?: unknown }) {
  const [scope, setScope] = useScope();
  const told = error instanceof ApiError ? faultOf(error) : null;
  const fault = told?.place === "other" ? null : told;
  return <FilterInput main q={scope.q} onChange={(q) => setScope({ q })} fault={fault} placeholder="Add a filter, or type text to search prompts and answers" />;
}
