import { expect, it } from "vitest";
import { asTabs, cellLine, columnWidths, instantOfCell, isNumeric, isTime, linkOf, plainType } from "./cells";

it("types are known through their wrappers", () => {
  expect(plainType("LowCardinality(Nullable(String))")).toBe("String");
  expect(["UInt64", "Nullable(Float64)", "Decimal(18, 2)", "String", "Array(UInt8)"].map(isNumeric)).toEqual([true, true, true, false, false]);
  expect(["Date", "DateTime64(6, 'UTC')", "String"].map(isTime)).toEqual([true, true, false]);
});

it("times of the engine are UTC", () => {
  expect(instantOfCell("2026-11-27 17:28:52.296013")?.toISOString()).toBe("2026-11-27T17:28:52.296Z");
  expect(instantOfCell("2026-11-27")?.toISOString()).toBe("2026-11-27T00:00:00.000Z");
  expect([instantOfCell("yesterday"), instantOfCell(5), instantOfCell("2026-99-99")]).toEqual([null, null, null]);
});

it("cells are one line, and long ones are cut", () => {
  expect(cellLine("a\n  b")).toBe("a ⏎ b");
  expect(cellLine({ a: 1 })).toBe('{"a":1}');
  expect([cellLine(0.19868922999999988), cellLine(1e-9), cellLine(12)]).toEqual(["0.19868923", "1e-9", "12"]);
  expect(cellLine("x".repeat(999)).length).toBe(301);
});

it("a copy has a line a row", () => {
  expect(asTabs([{ name: "a", type: "String" }, { name: "b", type: "UInt8" }], [["x\ty", 1], [null, 2]])).toBe("a\tb\nx y\t1\n\t2");
});

it("widths have bounds", () => {
  expect(columnWidths([{ name: "a", type: "String" }, { name: "b", type: "String" }], [["", "y".repeat(500)]])).toEqual([72, 420]);
});

it("ids lead to their call, users to the explorer", () => {
  const id = "01a21e0d-8548-7034-901b-71d1d835b19c";
  expect(linkOf("id", id)).toEqual({ id });
  expect(linkOf("user_id", "ada")).toEqual({ column: "user", value: "ada" });
  expect([linkOf("id", "short"), linkOf("constructor", "x"), linkOf("user", null), linkOf("cost", 1)]).toEqual([null, null, null, null]);
});
