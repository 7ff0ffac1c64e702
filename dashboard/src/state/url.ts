/** Search params as they stand in the address bar: every value is text, nothing is parsed as JSON. */

/** `q="a b"` keeps its quotes, and `call=1e5` is text. A param that comes twice has its last value. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

/** The params of a link, without those that are empty; signs that a URL may hold stand as they are. */
export function stringifySearch(search: Record<string, unknown>): string {
  const pairs = Object.entries(search)
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => `${encode(name)}=${encode(typeof value === "object" ? JSON.stringify(value) : String(value))}`);
  return pairs.length ? `?${pairs.join("&")}` : "";
}

const READABLE: Record<string, string> = { "%20": "+", "%3A": ":", "%2C": ",", "%2F": "/", "%40": "@", "%24": "$" };

function encode(text: string): string {
  return encodeURIComponent(text).replace(/%(20|3A|2C|2F|40|24)/g, (found) => READABLE[found]!);
}
