import { expect, it } from "vitest";
import { ApiError } from "@/api/client";
import { faultWords } from "./faultWords";

const refused = (parameter: string, detail: string) => new ApiError(400, "Bad parameter", detail, parameter);

it("says what a tile names that is not there", () => {
  expect(faultWords(refused("measures[0]", "measures[0] is 'gone'; accepted: calls, cost"))).toBe('There is no measure "gone". Edit the tile and choose another.');
  expect(faultWords(refused("dimensions[1]", "dimensions[1] is 'gone'; accepted: model"))).toBe('There is no column "gone" to group by. Edit the tile and choose another.');
});

it("leaves out a long list of what is accepted", () => {
  const detail = `filter at character 1 is 'nope'; accepted: ${"a column, ".repeat(60)}`;
  expect(faultWords(refused("filter at character 1", detail))).toBe("The filter cannot be used: filter at character 1 is 'nope'");
  expect(faultWords(refused("bucket", "bucket is '9y'; accepted: 1d"))).toBe("bucket is '9y'; accepted: 1d");
});

it("has words for other errors", () => expect([faultWords(new Error("broken")), faultWords("odd")]).toEqual(["broken", "odd"]));
