import { expect, it } from "vitest";
import { parseExact } from "./exactJson";

it("keeps whole numbers that a double cannot hold", () => {
  expect(parseExact('[18446744073709551615, 12, 1.5, "9007199254740993", 1e21, 0.12345678901234567, "a\\"1234567890123456789", -9007199254740993]')).toEqual(["18446744073709551615", 12, 1.5, "9007199254740993", 1e21, 0.12345678901234567, 'a"1234567890123456789', "-9007199254740993"]);
});
