import { describe, expect, it } from "vitest";
import { lineOf, placeOf, shortWords } from "./errorPlace";

function marked(sql: string, detail: string): string | null {
  const place = placeOf(sql, detail);
  return place && sql.slice(place.from, place.to);
}

describe("the place of an error", () => {
  it("is a position where the engine names one", () => {
    expect(marked("SELECT count( FROM requests", "Syntax error: failed at position 20 (requests): requests. Unmatched parentheses: '(' at position 13 is never closed")).toBe("requests");
    expect(marked("SELECT 'äö' FRM x", "Syntax error: failed at position 19 (x): x.")).toBe("x");
    expect(placeOf("SELECT 1 WHERE \n", "Syntax error: failed at position 15 (end of query): .")).toEqual({ from: 14, to: 14 });
  });
  it("is the name that the engine does not know", () => {
    expect(marked("SELECT model, modl FROM requests", "Unknown expression identifier `modl`. Maybe you meant: ['model'].")).toBe("modl");
    expect(marked("SELECT foo(2)", "the function foo() is not available")).toBe("foo");
    expect(marked("DROP TABLE x", "the statement begins with DROP; only SELECT is accepted")).toBe("DROP");
    expect(marked("SELECT 1 FROM system.one", "system.one is not available; accepted: bodies, requests")).toBe("system.one");
    expect(marked("SELECT 1 SETTINGS a=1", "SETTINGS is not accepted; limits of a query are members of the request")).toBe("SETTINGS");
  });
  it("is not in a comment, and not in a text where it also stands outside", () => {
    const sql = "-- modl\nSELECT 'modl', modl FROM requests";
    expect(placeOf(sql, "Unknown expression identifier `modl`.")!.from).toBe(sql.lastIndexOf("modl"));
  });
  it("is not known for other errors", () => expect(placeOf("SELECT 1", "the query took longer than its limit of 30 s")).toBeNull());
});

it("words leave out the query that the engine made", () => {
  expect(shortWords("Column 'model' is not under aggregate function and not in GROUP BY keys. In query WITH requests AS (SELECT 1) SELECT 2")).toBe("Column 'model' is not under aggregate function and not in GROUP BY keys.");
});

it("places have a line and a column", () => expect(lineOf("SELECT\n  foo", 9)).toEqual({ line: 2, column: 3 }));
