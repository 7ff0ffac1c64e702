import { expect, it } from "vitest";
import { ApiError } from "@/api/client";
import { describeFault, faultOf } from "./fault";

const fault = (parameter: string, value: string, accepted: string) => faultOf(new ApiError(400, "Bad parameter", "", parameter, accepted, value))!;

it("says where a filter cannot be read, and what would be right", () => {
  const found = fault("filter at character 9", "the end", "a value of status; text with spaces in quotes");
  expect(found).toMatchObject({ place: "filter", at: 8 });
  expect(describeFault(found)).toBe("Character 9: found the end of the filter; accepted: a value of status; text with spaces in quotes.");
});

it("a column that does not exist comes with names like it, not with all of them", () => {
  const found = fault("filter at character 1", "modle", "a column: id, org, model, provider (perhaps model, model_asked); or quote it to search for it as text");
  expect(found).toMatchObject({ near: ["model", "model_asked"], unknownColumn: true });
  expect(describeFault(found)).toBe("There is no column “modle”. Did you mean model or model_asked?");
});

it("times, order and columns are named", () => {
  expect(describeFault(fault("since", "foo", "a time"))).toBe("In the start of the time range: found “foo”; accepted: a time.");
  expect(fault("sort[0].column", "properties", "x").place).toBe("sort");
  expect(fault("columns[1]", "fo", "a column: id").place).toBe("columns");
});

it("other errors are no faults", () => expect(faultOf(new ApiError(503, "Busy", ""))).toBeNull());
