import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import type { components } from "./schema";

export type SavedDocument = components["schemas"]["Document"];
export type DocumentKind = SavedDocument["kind"];
export type NewDocument = components["schemas"]["NewDocument"];
export type DocumentChange = components["schemas"]["DocumentChange"];

const MOST = 100;

/** Saved documents of a kind with their content: the viewer's own and those that are shared, by name. */
export function useDocuments(kind: DocumentKind, enabled = true) {
  return useQuery({
    queryKey: ["documents", kind],
    enabled,
    queryFn: async ({ signal }) => {
      const found: SavedDocument[] = [];
      let cursor = "";
      do {
        const page = await dataOf(api.GET("/api/documents", { params: { query: { kind, content: true, limit: MOST, cursor } }, signal }));
        found.push(...page.data);
        cursor = page.next ?? "";
      } while (cursor);
      return found.sort((one, other) => one.name.localeCompare(other.name));
    },
  });
}

export function useDocument(id: string, enabled = true) {
  return useQuery({
    queryKey: ["document", id],
    enabled: enabled && id !== "",
    queryFn: ({ signal }) => dataOf(api.GET("/api/documents/{id}", { params: { path: { id } }, signal })),
  });
}

/** Saves, changes and deletes documents; lists and open ones are fetched again. */
export function useDocumentChanges() {
  const queries = useQueryClient();
  const done = (document: SavedDocument) => {
    queries.setQueryData(["document", document.id], document);
    void queries.invalidateQueries({ queryKey: ["documents", document.kind] });
  };
  const create = useMutation({ mutationFn: (body: NewDocument) => dataOf(api.POST("/api/documents", { body })), onSuccess: done });
  const edit = useMutation({
    mutationFn: ({ id, ...body }: DocumentChange & { id: string }) => dataOf(api.PATCH("/api/documents/{id}", { params: { path: { id } }, body })),
    onSuccess: done,
  });
  const remove = useMutation({
    mutationFn: async (document: SavedDocument) => {
      await api.DELETE("/api/documents/{id}", { params: { path: { id: document.id } } });
      return document;
    },
    onSuccess: (document) => {
      queries.removeQueries({ queryKey: ["document", document.id] });
      void queries.invalidateQueries({ queryKey: ["documents", document.kind] });
    },
  });
  return { create, edit, remove };
}
