import { expect, it } from "vitest";
import { draftOf, textOfDraft } from "./conditionDraft";
import { splitConditions } from "./filterText";

const draft = (text: string) => draftOf(splitConditions(text)[0]!);

it.each([
  "user:ada", "-user:ada", 'user:"a b"', "user:(ada, bob)", '-user:("a, b", bob)', "user:*", "-user:*", "model:gpt-4*", 'model:"a b"*', "error_message~quota",
  "error_message!~quota", 'path=~"^/v1/(a|b)"', "status>=400", "status:4xx", "cost:0.01..0.05", "latency>2s", "cached:true", "start>=7d", "refund", '"refund policy"',
  'property."my app":x', "tool:search", 'text~"a-b"',
])("%s can be built, and is written as it was", (text) => expect(textOfDraft(draft(text)!)).toBe(text));

it("other spellings mean the same", () => {
  expect(textOfDraft(draft("NOT user:ada")!)).toBe("-user:ada");
  expect(textOfDraft(draft("user!=ada")!)).toBe("-user:ada");
  expect(textOfDraft(draft("since:7d")!)).toBe("start>=7d");
  expect(textOfDraft(draft("user=(ada,bob)")!)).toBe("user:(ada, bob)");
});

it.each(["(a:1 OR b:2)", "a:1 OR b:2", "NOT cost>1", "-path=~x"])("%s is edited as text", (text) => expect(draft(text)).toBeNull());

it("nothing is written while a value is missing", () => {
  expect(textOfDraft({ column: "user", operation: "is", values: [""] })).toBe("");
  expect(textOfDraft({ column: "cost", operation: "between", values: ["1"] })).toBe("");
});
