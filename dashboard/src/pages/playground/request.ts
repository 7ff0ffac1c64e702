import { ApiError, api, dataOf } from "@/api/client";
import { convert, type Dialect } from "@/chat/convert";
import { bodyOf, type Draft } from "@/chat/draft";
import { isObject, objects, type Json } from "@/chat/json";
import { valuesOf, type Typed, type Variable } from "@/chat/variables";

export interface Template {
  declared: Json[];
  variables: Variable[];
  typed: Typed;
}

/** The body of a draft for one model: variables filled in by the control plane, in the format of its provider. Throws `ApiError` in words. */
export async function bodyFor(draft: Draft, model: string, dialect: Dialect, template: Template | null): Promise<Json> {
  const { body, faults } = bodyOf(draft);
  const fault = Object.values(faults)[0];
  if (fault) throw new ApiError(0, "The request is not complete", `A field is wrong: ${fault.message}.`);
  const { stream, ...filled } = template ? await fillIn(body, template) : body;
  const messages = objects(filled["messages"]).filter((message) => !isEmpty(message));
  if (!messages.some((message) => message["role"] !== "system")) throw new ApiError(0, "There is nothing to send", messages.length ? "A system message alone asks nothing. Write a user message." : "Write a message first.");
  const converted = convert({ ...filled, messages, model }, draft.dialect, dialect);
  const system = converted["system"] === "" ? undefined : converted["system"];
  return { ...converted, ...(system === undefined ? {} : { system }), ...(dialect === "anthropic" && converted["max_tokens"] === undefined ? { max_tokens: 1024 } : {}), ...(typeof stream === "boolean" ? { stream } : {}) };
}

async function fillIn(body: Json, template: Template): Promise<Json> {
  if (!JSON.stringify(body).includes("{{")) return body;
  const asked = (values: Json) => dataOf(api.POST("/api/prompts/render", { body: { body, variables: template.declared, values } }));
  const first = await asked(valuesOf(template.variables, template.typed));
  // variables that were typed a moment ago are not in `template.variables` yet
  const answer = first.missing.length ? await asked(valuesOf(first.variables, template.typed)) : first;
  if (answer.missing.length) throw new ApiError(0, "Variables have no value", `Give a value for ${answer.missing.join(", ")}.`);
  if (!isObject(answer.body)) throw new ApiError(0, "The prompt cannot be filled in", answer.problem ?? "");
  return answer.body;
}

function isEmpty(message: Json): boolean {
  return message["content"] === "" && Object.keys(message).length === 2;
}
