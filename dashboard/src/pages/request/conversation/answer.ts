import { citationsOf, partsOf } from "./parts";
import { messageOf } from "./request";
import { isObject, objects, plain, word, type Json, type Message, type Part } from "./types";

const MAX_ROWS = 50;

/** What a whole response says, as messages: one a choice. Empty where it says nothing that is known. */
export function answersOf(body: unknown): Message[] {
  if (!isObject(body)) return [];
  const error = body["error"];
  if (error && (isObject(error) || typeof error === "string")) return [answer([{ kind: "refusal", text: isObject(error) ? word(error["message"]) || plain(error) : String(error) }], "", "error")];
  const complaint = body["message"] ?? body["detail"];
  if (typeof complaint === "string") return [answer([{ kind: "refusal", text: complaint }], "", "error")];
  if (Array.isArray(body["pages"])) return objects(body["pages"]).slice(0, MAX_ROWS).map((page) => answer(partsOf(page["markdown"])));
  if (Array.isArray(body["generations"])) return objects(body["generations"]).map((each, index, all) => answer(partsOf(each["text"]), numbered(word(each["finish_reason"]), all.length > 1 ? index : -1)));
  if (Array.isArray(body["choices"])) return objects(body["choices"]).map((choice, index, all) => choiceOf(choice, all.length > 1 ? index : -1, body));
  if (Array.isArray(body["candidates"])) return objects(body["candidates"]).map((each, index, all) => candidateOf(each, all.length > 1 ? index : -1));
  if (Array.isArray(body["output"]) || Array.isArray(body["outputs"])) return outputOf(objects(body["output"] ?? body["outputs"]), body);
  if (isObject(body["output"]) && isObject(body["output"]["message"])) return [{ ...messageOf(body["output"]["message"]), note: word(body["stopReason"]) }];
  const rows = rowsOf(body);
  if (rows) return rows;
  if (isObject(body["message"])) return [{ ...messageOf(body["message"]), role: "assistant", note: word(body["finish_reason"]) || word(body["done_reason"]) }];
  if (Array.isArray(body["content"])) return [answer(partsOf(body["content"]), word(body["stop_reason"]))];
  for (const name of ["completion", "response", "generation", "text", "outputText", "transcript", "value"]) {
    if (typeof body[name] === "string") return [answer(partsOf(body[name]), word(body["stop_reason"]) || word(body["finish_reason"]) || word(body["done_reason"]))];
  }
  return [];
}

function answer(parts: Part[], note = "", role = "assistant"): Message {
  return { role, name: "", parts, note };
}

function numbered(note: string, index: number): string {
  return [index >= 0 ? `choice ${index + 1}` : "", note].filter(Boolean).join(", ");
}

function choiceOf(choice: Json, index: number, body: Json): Message {
  const note = numbered(word(choice["finish_reason"]), index);
  if (!isObject(choice["message"])) return answer(partsOf(choice["text"]), note);
  const message = messageOf(choice["message"]);
  const sources = Array.isArray(body["citations"]) && body["citations"].every((each) => typeof each === "string") ? body["citations"].map((url) => ({ title: "", url: word(url), text: "" })) : [];
  const last = message.parts.findLast((part) => part.kind === "text");
  if (sources.length && last?.kind === "text" && !last.citations) last.citations = sources;
  return { ...message, role: "assistant", note };
}

function candidateOf(candidate: Json, index: number): Message {
  const parts = partsOf(isObject(candidate["content"]) ? candidate["content"]["parts"] : null);
  const grounding = candidate["groundingMetadata"];
  const citations = isObject(grounding) ? citationsOf(grounding["groundingChunks"]) : isObject(candidate["citationMetadata"]) ? citationsOf(candidate["citationMetadata"]["citationSources"] ?? candidate["citationMetadata"]["citations"]) : [];
  const last = parts.findLast((part) => part.kind === "text");
  if (last?.kind === "text" && citations.length) last.citations = citations;
  return answer(parts, numbered(word(candidate["finishReason"]), index));
}

/** The items of OpenAI Responses as one answer. */
function outputOf(items: Json[], body: Json): Message[] {
  const parts = items.flatMap((item) => (item["type"] === "text" || item["text"] !== undefined ? partsOf(item) : messageOf(item).parts));
  const details = isObject(body["incomplete_details"]) ? word(body["incomplete_details"]["reason"]) : "";
  return parts.length ? [answer(parts, [word(body["status"]), details].filter(Boolean).join(", "))] : [];
}

/** Embeddings, generated images, rerankings, transcripts with segments, moderation. */
function rowsOf(body: Json): Message[] | null {
  const data = body["data"] ?? body["predictions"] ?? body["embeddings"] ?? (isObject(body["embedding"]) ? [body["embedding"]] : body["embedding"] ? [{ embedding: body["embedding"] }] : undefined);
  if (isObject(data)) return rowsOf({ data: Object.values(data)[0] });
  if (Array.isArray(body["results"])) return [answer([{ kind: "other", label: `${body["results"].length} results`, json: plain(body["results"].slice(0, MAX_ROWS)) }])];
  if (!Array.isArray(data)) return null;
  const isDrawn = data.some((row) => Array.isArray(row) || (isObject(row) && ["embedding", "values", "embeddings", "b64_json", "url"].some((name) => name in row)));
  if (!isDrawn) return [answer([{ kind: "other", label: `${data.length.toLocaleString("en")} rows`, json: plain(data.slice(0, MAX_ROWS)) }], data.length > MAX_ROWS ? `the first ${MAX_ROWS}` : "")];
  const parts = data.slice(0, MAX_ROWS).map((row): Part => {
    const vector = Array.isArray(row) ? row : isObject(row) ? (row["embedding"] ?? row["values"] ?? row["embeddings"]) : undefined;
    const values = isObject(vector) ? vector["values"] : vector;
    if (Array.isArray(values)) return { kind: "vector", dimensions: values.length, first: values.slice(0, 8).filter((each) => typeof each === "number"), note: "" };
    if (typeof values === "string") return { kind: "vector", dimensions: Math.floor((values.length * 3) / 16), first: [], note: "as base64" };
    if (isObject(row) && (row["b64_json"] || row["url"])) {
      const image = partsOf({ type: "image", image: row })[0];
      if (image) return image;
    }
    return { kind: "other", label: isObject(row) ? word(row["object"]) || word(row["id"]) || "row" : "row", json: plain(row) };
  });
  const revised = objects(data).map((row) => word(row["revised_prompt"])).filter(Boolean);
  const note = data.length > MAX_ROWS ? `the first ${MAX_ROWS} of ${data.length.toLocaleString("en")}` : "";
  return [answer([...parts, ...revised.map((text): Part => ({ kind: "text", text: `Revised prompt: ${text}` }))], note)];
}
