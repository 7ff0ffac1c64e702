import { describe, expect, it } from "vitest";
import { filterOf, scaleOf, scopeWords, timeLeft, toneOf } from "./spend";

describe("a budget", () => {
  it("leads to the calls that count", () => {
    expect(filterOf({ scope: "organisation", property: "", value: "" })).toBe("");
    expect(filterOf({ scope: "user", property: "", value: "ada" })).toBe("user:ada");
    expect(filterOf({ scope: "property", property: "team", value: "" })).toBe("property.team:*");
    expect(filterOf({ scope: "property", property: "team", value: "" }, "search one")).toBe('property.team:"search one"');
  });

  it("says whose calls count", () => {
    expect(scopeWords({ scope: "organisation", property: "", value: "", value_name: "" })).toBe("the whole organisation");
    expect(scopeWords({ scope: "key", property: "", value: "01", value_name: "backend" })).toBe("key backend");
    expect(scopeWords({ scope: "property", property: "team", value: "", value_name: "" })).toBe("each team separately");
  });

  it("warns before it is spent", () => {
    expect(toneOf({ share: 0.2, forecast_share: 0.6 })).toBe("");
    expect(toneOf({ share: 0.2, forecast_share: 1.2 })).toBe("warn");
    expect(toneOf({ share: 0.8, forecast_share: 0.9 })).toBe("warn");
    expect(toneOf({ share: 1, forecast_share: 1 })).toBe("bad");
  });

  it("has room for what is marked on its bar", () => {
    expect(scaleOf([50, 80], { share: 0.1, forecast_share: 0.5 })).toBe(1);
    expect(scaleOf([120], { share: 0.1, forecast_share: 0.5 })).toBeCloseTo(1.248);
    expect(scaleOf([50], { share: 0.1, forecast_share: 30 })).toBeCloseTo(2.08);
  });

  it("says how long its period goes on", () => {
    const period = { since_us: 0, until_us: 30 * 86_400e6 };
    expect(timeLeft(period, 27 * 86_400e3)).toEqual({ words: "3 days left", passed: 0.9 });
    expect(timeLeft(period, 29.5 * 86_400e3).words).toBe("12 h left");
    expect(timeLeft(period, 31 * 86_400e3)).toEqual({ words: "1 min left", passed: 1 });
  });
});
