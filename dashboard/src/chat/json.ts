/** JSON as it comes from outside. */
export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function indent(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "";
}

/** A value without members that are undefined. */
export function compact(value: Json): Json {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}

export interface Fault {
  message: string;
  /** Where in the text, in characters; the end where it is cut short. */
  at: number;
}

/** What a text holds, or where it is no JSON. */
export function parseJson(text: string): { value: unknown; fault: null } | { value: undefined; fault: Fault } {
  try {
    return { value: JSON.parse(text), fault: null };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(said);
    const place = at ? Number(at[1]) : text.length;
    const line = text.slice(0, place).split("\n").length;
    const reason = said.replace(/ in JSON.*| \(line.*|,? ?".*" is not valid JSON$/s, "").replace(/^Unexpected end of JSON input$/, "it ends too early");
    return { value: undefined, fault: { message: `Line ${line}: ${reason}`, at: place } };
  }
}
