import { count, money } from "@/format/numbers";

const NAMES: Record<string, string> = {
  input_tokens: "Input",
  output_tokens: "Output",
  cache_read_tokens: "Cache read",
  cache_write_tokens: "Cache write",
  reasoning_tokens: "Reasoning",
};

/** `cache_read_tokens` as people say it. */
export function componentName(component: string): string {
  const known = NAMES[component];
  if (known) return known;
  const words = component.replace(/_tokens$/, "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Digits behind the point that the amounts of one bill share, so that they stand below each other. */
export function digitsOf(nanousd: number[]): number {
  return Math.max(0, ...nanousd.map((each) => exactMoney(each).split(".")[1]?.length ?? 0));
}

/** Dollars with enough digits that lines add up to their total as one reads them: never rounded below a nano-dollar. */
export function exactMoney(nanousd: number, least = 0): string {
  if (nanousd === 0) return "$0";
  const dollars = Math.abs(nanousd) / 1e9;
  const digits = dollars >= 1 ? 4 : nanousd % 1000 === 0 ? 6 : 9;
  const text = dollars.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, "$1");
  const [whole = "", behind = ""] = text.split(".");
  return `${nanousd < 0 ? "−" : ""}$${whole}.${behind.padEnd(least, "0")}`;
}

/** $3.00/M, $0.01 each, $30.00/k. */
export function rateInWords(usd: number, per: number): string {
  const rate = usd >= 0.01 || usd === 0 ? `$${usd.toFixed(usd === 0 ? 0 : Number.isInteger(usd * 100) ? 2 : 4).replace(/(\.\d\d\d*?)0+$/, "$1")}` : money(usd);
  if (per === 1) return `${rate} each`;
  return `${rate}/${per === 1_000_000 ? "M" : per === 1000 ? "k" : count(per)}`;
}
