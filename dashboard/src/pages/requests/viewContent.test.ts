import { expect, it } from "vitest";
import type { SavedDocument } from "@/api/documents";
import { readScope, writeScope } from "@/state/search";
import { differs, scopeOfView, viewOfScope } from "./viewContent";

const saved = (content: Record<string, unknown>) => ({ id: "v1", name: "Errors", content }) as unknown as SavedDocument;

it("a view holds what the URL shows, and gives the same URL back", () => {
  const search = { q: "status>=400", since: "7d", sort: "-cost", columns: "start,cost,property.feature", zone: "utc" };
  const document = saved({ ...viewOfScope(readScope(search)) });
  expect(writeScope(scopeOfView(document))).toEqual({ ...search, view: "v1" });
  expect(differs(readScope({ ...search, view: "v1", call: "x" }), document)).toBe(false);
});

it("defaults are not written into a view", () => {
  expect(viewOfScope(readScope({}))).toEqual({ q: "", since: "", until: "", zone: "", sort: "", columns: [] });
  expect(differs(readScope({}), saved({}))).toBe(false);
});

it("a change is noticed", () => {
  expect(differs(readScope({ q: "status>=500" }), saved({ q: "status>=400" }))).toBe(true);
  expect(differs(readScope({ q: "a", columns: "start" }), saved({ q: "a", columns: ["start", "cost"] }))).toBe(true);
});
