import { isObject, objects, word, type Json } from "./types";

/** A stream's events put together to the response that the provider would have given whole. Null where they say nothing that is known. */
export function assemble(events: unknown[]): Json | null {
  const found = events.filter(isObject);
  const first = found[0];
  if (!first) return null;
  const failed = found.find((event) => event["error"] && (event["type"] === "error" || !("choices" in event)));
  const whole = byDialect(found, first);
  if (!failed) return whole;
  const holder = isObject(failed["error"]) ? failed["error"] : { message: word(failed["error"]) };
  return whole && hasContent(whole) ? { ...whole, stream_error: holder } : { error: holder };
}

function hasContent(whole: Json): boolean {
  return ["choices", "candidates", "output", "content"].some((name) => Array.isArray(whole[name]) && whole[name].length > 0);
}

function byDialect(events: Json[], first: Json): Json | null {
  const done = events.findLast((event) => isObject(event["response"]) && Array.isArray(event["response"]["output"]) && event["response"]["output"].length > 0);
  if (done) return done["response"] as Json;
  if (events.some((event) => word(event["type"]).startsWith("response."))) return responsesOf(events);
  if (events.some((event) => event["type"] === "message_start" || event["type"] === "content_block_start")) return anthropicOf(events);
  if (events.some((event) => Array.isArray(event["candidates"]))) return geminiOf(events);
  if (events.some((event) => Array.isArray(event["choices"]))) return chatOf(events);
  if (events.some((event) => "contentBlockIndex" in event || isObject(event["contentBlockDelta"]) || isObject(event["messageStart"]))) return converseOf(events);
  if (events.some((event) => /^(content|message|tool-plan|tool-call)-/.test(word(event["type"])) || word(event["event_type"]).includes("-"))) return cohereOf(events);
  if (events.some((event) => word(event["type"]).startsWith("transcript.text"))) return { text: events.map((event) => word(event["delta"])).join("") };
  if (isObject(first["message"])) return ollamaOf(events);
  for (const name of ["response", "completion", "generation", "outputText", "value"]) {
    if (typeof first[name] === "string") return { [name]: events.map((event) => word(event[name])).join(""), done_reason: word(events.at(-1)?.["done_reason"] ?? events.at(-1)?.["stop_reason"]) };
  }
  return first["data"] ? first : interactionOf(events);
}

/** Adds the text of `more` to that of `sum`, name by name. */
function append(sum: Json, more: Json, names: string[]): void {
  for (const name of names) if (typeof more[name] === "string") sum[name] = word(sum[name]) + more[name];
}

function chatOf(events: Json[]): Json {
  const choices: Json[] = [];
  let citations: unknown;
  for (const event of events) {
    citations = event["citations"] ?? citations;
    for (const choice of objects(event["choices"])) {
      const index = typeof choice["index"] === "number" && choice["index"] < 1000 ? choice["index"] : 0;
      const sum = (choices[index] ??= { index });
      if (choice["finish_reason"]) sum["finish_reason"] = choice["finish_reason"];
      if (typeof choice["text"] === "string") sum["text"] = word(sum["text"]) + choice["text"];
      const delta = isObject(choice["delta"]) ? choice["delta"] : isObject(choice["message"]) ? choice["message"] : null;
      if (delta) addDelta((sum["message"] ??= { role: "assistant" }) as Json, delta);
    }
  }
  return { choices: choices.filter(Boolean), ...(citations ? { citations } : {}) };
}

function addDelta(message: Json, delta: Json): void {
  append(message, delta, ["content", "refusal", "reasoning_content"]);
  if (typeof delta["reasoning"] === "string" && !delta["reasoning_content"]) append(message, delta, ["reasoning"]);
  if (Array.isArray(delta["content"])) for (const block of objects(delta["content"])) addBlock(message, block);
  for (const name of ["annotations", "images"]) if (Array.isArray(delta[name])) message[name] = [...objects(message[name]), ...objects(delta[name])];
  if (isObject(delta["audio"])) {
    const audio = (message["audio"] ??= {}) as Json;
    append(audio, delta["audio"], ["data", "transcript"]);
    if (delta["audio"]["id"]) audio["id"] = delta["audio"]["id"];
  }
  const calls = (message["tool_calls"] ??= []) as Json[];
  objects(delta["tool_calls"]).forEach((part, position) => {
    const wanted = typeof part["index"] === "number" ? part["index"] : position;
    let call = calls.find((each) => each["index"] === wanted);
    if (!call || (part["id"] && call["id"] && part["id"] !== call["id"])) calls.push((call = { index: wanted, function: {} }));
    if (part["id"]) call["id"] = part["id"];
    const made = call["function"] as Json;
    const given = isObject(part["function"]) ? part["function"] : {};
    if (given["name"]) made["name"] = given["name"];
    if (typeof given["arguments"] === "string") append(made, given, ["arguments"]);
    else if (given["arguments"] !== undefined) made["arguments"] = given["arguments"];
  });
  if (isObject(delta["function_call"])) append((message["function_call"] ??= {}) as Json, delta["function_call"], ["name", "arguments"]);
}

/** Mistral streams content as blocks. */
function addBlock(message: Json, block: Json): void {
  if (typeof message["content"] === "string") message["content"] = [{ type: "text", text: message["content"] }];
  const list = (message["content"] ??= []) as Json[];
  const last = list.at(-1);
  if (last && last["type"] === block["type"] && typeof last["text"] === "string" && typeof block["text"] === "string") append(last, block, ["text"]);
  else if (last && last["type"] === "thinking" && block["type"] === "thinking" && Array.isArray(last["thinking"]) && Array.isArray(block["thinking"])) {
    last["thinking"] = [{ type: "text", text: [...objects(last["thinking"]), ...objects(block["thinking"])].map((each) => word(each["text"])).join("") }];
  } else list.push({ ...block });
}

function responsesOf(events: Json[]): Json {
  const items = new Map<number, Json>();
  for (const event of events) {
    const index = typeof event["output_index"] === "number" ? event["output_index"] : 0;
    const kind = word(event["type"]);
    if ((kind === "response.output_item.added" || kind === "response.output_item.done") && isObject(event["item"])) items.set(index, { ...event["item"] });
    const item = items.get(index);
    if (!item || typeof event["delta"] !== "string") continue;
    if (kind.endsWith("function_call_arguments.delta")) append(item, { arguments: event["delta"] }, ["arguments"]);
    else if (/output_text\.delta|refusal\.delta|reasoning(_summary)?_text\.delta/.test(kind)) {
      const name = kind.includes("reasoning") ? "summary" : "content";
      const list = (Array.isArray(item[name]) ? item[name] : (item[name] = [])) as Json[];
      const at = list.at(-1) ?? (list[0] = kind.includes("refusal") ? { type: "refusal" } : { type: "output_text" });
      append(at, { [kind.includes("refusal") ? "refusal" : "text"]: event["delta"] }, ["refusal", "text"]);
    }
  }
  const last = events.findLast((event) => isObject(event["response"]));
  const status = last && isObject(last["response"]) ? word(last["response"]["status"]) : "";
  return { output: [...items.entries()].sort(([a], [b]) => a - b).map(([, item]) => item), status: status === "in_progress" ? "broken off" : status };
}

function anthropicOf(events: Json[]): Json {
  const blocks: Json[] = [];
  let stop = "";
  for (const event of events) {
    const index = typeof event["index"] === "number" && event["index"] < 10_000 ? event["index"] : 0;
    if (event["type"] === "content_block_start" && isObject(event["content_block"])) blocks[index] = { ...event["content_block"] };
    const delta = event["delta"];
    if (!isObject(delta)) continue;
    if (typeof delta["stop_reason"] === "string") stop = delta["stop_reason"];
    const block = blocks[index];
    if (!block) continue;
    append(block, delta, ["text", "thinking", "signature"]);
    if (typeof delta["partial_json"] === "string") block["partial"] = word(block["partial"]) + delta["partial_json"];
    if (isObject(delta["citation"])) block["citations"] = [...objects(block["citations"]), delta["citation"]];
  }
  return { content: blocks.filter(Boolean).map(({ partial, ...block }) => (partial ? { ...block, input: partial } : block)), stop_reason: stop };
}

function geminiOf(events: Json[]): Json {
  const candidates: Json[] = [];
  for (const candidate of events.flatMap((event) => objects(event["candidates"]))) {
    const index = typeof candidate["index"] === "number" && candidate["index"] < 100 ? candidate["index"] : 0;
    const sum = (candidates[index] ??= { content: { parts: [] } });
    if (candidate["finishReason"]) sum["finishReason"] = candidate["finishReason"];
    if (isObject(candidate["groundingMetadata"]) && Array.isArray(candidate["groundingMetadata"]["groundingChunks"])) sum["groundingMetadata"] = candidate["groundingMetadata"];
    const parts = (sum["content"] as Json)["parts"] as Json[];
    for (const part of isObject(candidate["content"]) ? objects(candidate["content"]["parts"]) : []) {
      const last = parts.at(-1);
      if (last && typeof last["text"] === "string" && typeof part["text"] === "string" && !!last["thought"] === !!part["thought"]) append(last, part, ["text"]);
      else parts.push({ ...part });
    }
  }
  return { candidates: candidates.filter(Boolean) };
}

function converseOf(events: Json[]): Json {
  const blocks: Json[] = [];
  let stop = "";
  for (const raw of events) {
    const event = [raw["contentBlockDelta"], raw["contentBlockStart"], raw["messageStop"]].find(isObject) ?? raw;
    if (typeof event["stopReason"] === "string") stop = event["stopReason"];
    const index = typeof event["contentBlockIndex"] === "number" && event["contentBlockIndex"] < 10_000 ? event["contentBlockIndex"] : 0;
    const start = event["start"];
    if (isObject(start) && isObject(start["toolUse"])) blocks[index] = { toolUse: { ...start["toolUse"], input: "" } };
    const delta = event["delta"];
    if (!isObject(delta)) continue;
    const block = (blocks[index] ??= {});
    append(block, delta, ["text"]);
    if (isObject(delta["toolUse"])) append((block["toolUse"] ??= {}) as Json, delta["toolUse"], ["input"]);
    if (isObject(delta["reasoningContent"])) append((block["reasoningContent"] ??= {}) as Json, delta["reasoningContent"], ["text", "signature"]);
  }
  return { output: { message: { role: "assistant", content: blocks.filter(Boolean) } }, stopReason: stop };
}

function cohereOf(events: Json[]): Json {
  const message: Json = { role: "assistant", tool_calls: [] as Json[] };
  let finish = "";
  for (const event of events) {
    const delta = isObject(event["delta"]) ? event["delta"] : {};
    const inner = isObject(delta["message"]) ? delta["message"] : {};
    const content = isObject(inner["content"]) ? inner["content"] : {};
    if (typeof content["text"] === "string") message["content"] = word(message["content"]) + content["text"];
    if (typeof content["thinking"] === "string") message["reasoning"] = word(message["reasoning"]) + content["thinking"];
    if (event["event_type"] === "text-generation") append(message, { content: event["text"] }, ["content"]);
    append(message, inner, ["tool_plan"]);
    const calls = message["tool_calls"] as Json[];
    if (event["type"] === "tool-call-start" && isObject(inner["tool_calls"])) calls.push({ ...inner["tool_calls"], function: { ...(isObject(inner["tool_calls"]["function"]) ? inner["tool_calls"]["function"] : {}) } });
    const last = calls.at(-1);
    if (event["type"] === "tool-call-delta" && last && isObject(inner["tool_calls"]) && isObject(inner["tool_calls"]["function"])) append(last["function"] as Json, inner["tool_calls"]["function"], ["arguments"]);
    finish = word(delta["finish_reason"]) || word(event["finish_reason"]) || finish;
  }
  return { message, finish_reason: finish };
}

function ollamaOf(events: Json[]): Json {
  const message: Json = { role: "assistant" };
  for (const part of events.map((event) => event["message"]).filter(isObject)) {
    append(message, part, ["content", "thinking"]);
    if (Array.isArray(part["tool_calls"])) message["tool_calls"] = [...objects(message["tool_calls"]), ...objects(part["tool_calls"])];
  }
  return { message, done_reason: word(events.at(-1)?.["done_reason"]) };
}

/** Gemini's interactions: content by index, text and thought deltas. */
function interactionOf(events: Json[]): Json | null {
  const whole = events.findLast((event) => isObject(event["interaction"]) && Array.isArray(event["interaction"]["outputs"]))?.["interaction"];
  const outputs: Json[] = [];
  for (const event of events) {
    if (!isObject(event["delta"])) continue;
    const sum = (outputs[typeof event["index"] === "number" && event["index"] < 1000 ? event["index"] : 0] ??= { type: event["delta"]["type"] });
    append(sum, event["delta"], ["text", "thought"]);
    for (const name of ["name", "arguments", "id", "result", "call_id"]) if (event["delta"][name] !== undefined) sum[name] = event["delta"][name];
  }
  if (outputs.length) return { output: outputs.filter(Boolean) };
  return isObject(whole) ? { output: objects(whole["outputs"]) } : null;
}
