import { useDebouncedValue } from "@mantine/hooks";
import { useMemo } from "react";
import { ApiError } from "@/api/client";
import { useRendered } from "@/api/prompts";
import { indent, type Json } from "./json";
import { namesIn, valuesOf, type Typed, type Variable } from "./variables";

export interface Filled {
  variables: Variable[];
  missing: string[];
  /** What would be sent; variables without a value stand as they are. Null where that cannot be shown. */
  body: Json | null;
  /** Why the template or a value is refused; empty where it is not. */
  problem: string;
}

/** A template filled in by the control plane, a moment after it was changed last. */
export function useFilled(body: Json, declared: Json[], typed: Typed): Filled {
  const text = indent(body);
  const known = useMemo(() => namesIn(text).map((name): Variable => ({ name, type: "string" })), [text]);
  const [asked] = useDebouncedValue({ text, declared, typed }, 250);
  const asking = useMemo(() => ({ body: JSON.parse(asked.text) as Json, variables: asked.declared }), [asked]);
  const first = useRendered({ ...asking, values: {} });
  const variables = first.data?.variables ?? known;
  const values = valuesOf(variables, asked.typed);
  const given = useRendered({ ...asking, values });
  const missing = given.data?.missing ?? [];
  const stands = Object.fromEntries(variables.filter((one) => missing.includes(one.name) && one.type === "string").map((one) => [one.name, `{{${one.name}}}`]));
  const shown = useRendered(missing.length ? { ...asking, values: { ...values, ...stands } } : null);
  const error = given.error ?? first.error;
  return {
    variables,
    missing,
    body: (missing.length ? shown.data?.body : given.data?.body) ?? null,
    problem: error instanceof ApiError ? error.detail || error.title : (given.data?.problem ?? ""),
  };
}
