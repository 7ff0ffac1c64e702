import { expect, it } from "vitest";
import { DEFAULT_COLUMNS, LIST_COLUMNS } from "./columns";
import { columnsToAsk, readColumns, writeColumns } from "./chosenColumns";

const ids = (text: unknown) => readColumns(text).columns.map((column) => column.id);

it("without columns in the URL the usual ones are shown", () => {
  expect(ids("")).toEqual(DEFAULT_COLUMNS);
  expect(ids(undefined)).toEqual(DEFAULT_COLUMNS);
  expect(writeColumns(DEFAULT_COLUMNS)).toBe("");
});

it("columns keep their order, properties and scores are among them", () => {
  const chosen = ["cost", "property.a,b", "score.helpful", "start"];
  expect(ids(writeColumns(chosen))).toEqual(chosen);
});

it("columns that do not exist are told", () => {
  expect(readColumns("start,nonsense,property.")).toMatchObject({ unknown: ["nonsense", "property."] });
  expect(ids("nonsense")).toEqual(DEFAULT_COLUMNS);
});

it("ids are unique, and the API is asked for each name once", () => {
  expect(new Set(LIST_COLUMNS.map((column) => column.id)).size).toBe(LIST_COLUMNS.length);
  const asked = columnsToAsk(LIST_COLUMNS);
  expect(new Set(asked).size).toBe(asked.length);
});
