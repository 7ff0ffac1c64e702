import { describe, expect, it } from "vitest";
import { bytes, change, duration, money, percent, perMillion, shortCount } from "./numbers";

describe("money", () => {
  it("is never rounded to nothing", () => {
    expect([0, 0.00000053, 0.0000737, 0.00116, 0.5, 2.794, 1234.5, -0.02].map(money)).toEqual([
      "$0", "$0.000000530", "$0.0000737", "$0.00116", "$0.500", "$2.79", "$1,234.50", "−$0.0200",
    ]);
  });

  it("is a question mark where it is not known", () => expect(money(null)).toBe("?"));
});

it("durations have their unit", () => {
  expect([0, 0.03, 0.1, 2, 333.4, 1920, 62_000, 3_700_000].map(duration)).toEqual(["0 ms", "< 0.1 ms", "0.1 ms", "2 ms", "333 ms", "1.92 s", "1 min 2 s", "1 h 1 min"]);
  expect(duration(null)).toBe("–");
});

it("counts are short", () => expect([0, 950, 18_204, 4_100_000].map(shortCount)).toEqual(["0", "950", "18.2k", "4.1M"]));

it("shares keep what is small", () => expect([0, 0.00001, 0.0084, 0.012, 0.5, 0.152, 1].map(percent)).toEqual(["0 %", "< 0.01 %", "0.84 %", "1.20 %", "50.0 %", "15.2 %", "100 %"]));

it("changes have a direction", () => {
  expect([change(108.2, 100), change(96, 100), change(5, 0), change(1, null), change(1, 1), change(99.999, 100), change(3200, 100), change(214.9, 100)]).toEqual(["+8.2 %", "−4.0 %", "new", "", "0 %", "0 %", "+31×", "+115 %"]);
});

it("bytes are decimal", () => expect([5, 115_000, 5_300_000].map(bytes)).toEqual(["5 B", "115 kB", "5.3 MB"]));

it("rates keep their digits and no more", () => expect([15, 0.8, 0.0375, 0, 1250].map(perMillion)).toEqual(["$15.00", "$0.80", "$0.0375", "$0", "$1,250.00"]));
