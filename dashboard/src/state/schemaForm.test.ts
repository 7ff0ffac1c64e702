import { describe, expect, it } from "vitest";
import type { FormField } from "@/api/channels";
import { configOf, inputOf, valuesOf } from "./schemaForm";

function field(name: string, schema: Record<string, unknown>, secret = false): FormField {
  return { name, title: name, help: "", secret, required: false, schema };
}

const FIELDS = [
  field("host", { type: "string" }),
  field("to", { type: "array", items: { type: "string" } }),
  field("port", { type: "integer", default: 587 }),
  field("security", { enum: ["none", "tls"], default: "tls" }),
  field("password", { type: "string" }, true),
];

describe("a form drawn from a schema", () => {
  it("has an input for each type", () => {
    expect(FIELDS.map(inputOf)).toEqual(["text", "list", "number", "choice", "secret"]);
    expect(inputOf(field("x", { type: "boolean" }))).toBe("switch");
  });

  it("begins with defaults, or with what is stored, and never with a secret", () => {
    expect(valuesOf(FIELDS)).toEqual({ host: "", to: [], port: 587, security: "tls", password: "" });
    expect(valuesOf(FIELDS, { host: "mail", port: 25, password: "••••word" })).toMatchObject({ host: "mail", port: 25, password: "" });
  });

  it("sends no secret that was left empty", () => {
    expect(configOf(FIELDS, { host: "", to: ["a@b"], port: "", security: "none", password: "" })).toEqual({ host: "", to: ["a@b"], security: "none" });
    expect(configOf(FIELDS, { ...valuesOf(FIELDS), password: "new" })["password"]).toBe("new");
  });
});
