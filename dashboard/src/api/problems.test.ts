import { expect, it } from "vitest";
import { ApiError } from "./client";
import { atField, ofForm, waitSeconds } from "./problems";

const short = new ApiError(400, "Bad value", "password: found '***'; accepted: a password of 10 characters", "password", "a password of 10 characters");

it("an error stands at its field, and there only", () => {
  expect(atField(short, "password")).toBe("Needs a password of 10 characters.");
  expect(atField(short, "email")).toBe("");
  expect(ofForm(short, "password", "email")).toBe("");
});

it("an error of no field of the form stands above it, as a sentence", () => {
  expect(ofForm(short, "email")).toContain("Password: found");
  expect(ofForm(new ApiError(409, "In conflict", "the last owner stays"), "email")).toBe("The last owner stays.");
  expect(ofForm(null)).toBe("");
});

it("an item of a list belongs to the list's field", () => {
  expect(atField(new ApiError(400, "Bad value", "", "scopes[1]", "one of proxy, read"), "scopes")).toBe("Needs one of proxy, read.");
});

it("a 429 names how long to wait", () => {
  expect(waitSeconds(new ApiError(429, "Too many attempts", "Try again in 17 s."))).toBe(17);
  expect(waitSeconds(short)).toBe(0);
});
