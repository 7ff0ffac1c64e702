import { expect, it } from "vitest";
import { CLIENTS, FORMS, snippet } from "./snippets";

const all = CLIENTS.flatMap((client) => FORMS[client].map((form) => [client, form] as const));

it.each(all)("%s in %s has the address, and the key only where there is one", (client, form) => {
  const plain = snippet(client, form, "https://gateway.example");
  expect(plain).toContain("https://gateway.example/");
  expect(plain).not.toContain("Helicone-Auth");
  const keyed = snippet(client, form, "https://gateway.example", "sk-perihelion-x");
  expect(keyed.split("sk-perihelion-x")).toHaveLength(2);
});

it("headers of a TypeScript client stand under each other", () => {
  expect(snippet("OpenAI", "TypeScript", "http://g", "k")).toContain(`  defaultHeaders: {
    "Helicone-Auth": "Bearer k",
    "Helicone-User-Id": "ada",
  },`);
});
