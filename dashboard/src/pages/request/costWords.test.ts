import { expect, it } from "vitest";
import { componentName, exactMoney, rateInWords } from "./costWords";

it("shows money so that lines add up", () => {
  expect([exactMoney(1_443_000), exactMoney(2_655_000), exactMoney(4_098_000)]).toEqual(["$0.001443", "$0.002655", "$0.004098"]);
  expect([exactMoney(0), exactMoney(500), exactMoney(1), exactMoney(12_500_000_000)]).toEqual(["$0", "$0.0000005", "$0.000000001", "$12.50"]);
});

it("names components and rates", () => {
  expect([componentName("cache_read_tokens"), componentName("web_searches"), componentName("input_audio_tokens")]).toEqual(["Cache read", "Web searches", "Input audio"]);
  expect([rateInWords(3, 1_000_000), rateInWords(0.4, 1_000_000), rateInWords(0.075, 1_000_000), rateInWords(0.01, 1), rateInWords(30, 1000), rateInWords(0, 1000)]).toEqual(["$3.00/M", "$0.40/M", "$0.075/M", "$0.01 each", "$30.00/k", "$0/k"]);
});
