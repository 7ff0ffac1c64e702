import { expect, it } from "vitest";
import { conditionOf, readChosen, toggled, writeChosen } from "./chosen";

const A = { provider: "openai", model: "gpt-5" };
const B = { provider: "together", model: 'meta/"x" y' };

it("the URL holds the models that are compared", () => {
  expect(readChosen(writeChosen([A, B]))).toEqual([A, B]);
  expect(writeChosen([])).toBe("");
  for (const text of [undefined, "", "{}", "[1]", '["a"]', '[["a",1]]', "nonsense"]) expect(readChosen(text)).toEqual([]);
});

it("at most three are compared", () => {
  const others = ["a", "b"].map((model) => ({ provider: "p", model }));
  expect(toggled([A], B)).toEqual([A, B]);
  expect(toggled([A, B], A)).toEqual([B]);
  expect(toggled([A, ...others], B)).toEqual([...others, B]);
});

it("a model is a condition", () => expect(conditionOf(B)).toBe('model:"meta/\\"x\\" y" provider:together'));
