import { expect, it } from "vitest";
import { groupFilter, readGroup, writeGroup } from "./groupFilter";

const GROUP = { error: "rate_limit_error", provider: "openai", shape: 'Limit <n> of "x"', origin: "provider" };

it("a group is a condition", () => {
  expect(groupFilter(GROUP)).toBe('error:rate_limit_error failed:true provider:openai error_shape:"Limit <n> of \\"x\\"" error_origin:provider');
  expect(groupFilter({ error: "503", provider: "", shape: "", origin: "provider" })).toBe("-error:* status:503 failed:true -provider:* -error_shape:* error_origin:provider");
  expect(groupFilter({ error: "relay", provider: "p", shape: "", origin: "gateway" })).toContain("-error:* outcome:relay");
});

it("the URL holds the open group", () => {
  expect(readGroup(writeGroup(GROUP))).toEqual(GROUP);
  for (const text of [undefined, "", "x", "[]", "[1,2,3,4]"]) expect(readGroup(text)).toBeNull();
});
