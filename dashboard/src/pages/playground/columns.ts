import type { Provider } from "@/api/playground";

/** One model of the comparison. */
export interface ModelChoice {
  provider: string;
  model: string;
}

export const MOST_COLUMNS = 3;

const USUAL: Record<string, string> = { openai: "gpt-4o-mini", anthropic: "claude-sonnet-4-5" };

/** `openai:gpt-4o|anthropic:claude-sonnet-4-5` of the URL. */
export function readChoices(text: unknown): ModelChoice[] {
  if (typeof text !== "string" || !text) return [];
  return text
    .split("|")
    .slice(0, MOST_COLUMNS)
    .map((each) => {
      const cut = each.indexOf(":");
      return cut < 0 ? { provider: each, model: "" } : { provider: each.slice(0, cut), model: each.slice(cut + 1) };
    });
}

export function writeChoices(choices: ModelChoice[]): string {
  return choices.map(({ provider, model }) => `${provider}:${model}`).join("|");
}

/** Who serves a model, as far as its name tells; else the first provider. */
export function providerOf(model: string, providers: Provider[]): string {
  const has = (name: string) => providers.some((each) => each.name === name);
  const guess = /^claude/.test(model) ? "anthropic" : /^(gpt|o\d|chatgpt)/.test(model) ? "openai" : /^gemini/.test(model) ? "gemini" : /^(mistral|ministral|codestral)/.test(model) ? "mistral" : /^deepseek/.test(model) ? "deepseek" : /^grok/.test(model) ? "xai" : "";
  return guess && has(guess) ? guess : (providers[0]?.name ?? "openai");
}

/** The model to begin with: that of the source, else the usual one of the first provider with a credential. */
export function firstChoice(source: Partial<ModelChoice>, providers: Provider[]): ModelChoice {
  const known = providers.find((each) => each.name === source.provider);
  const provider = known?.name ?? (source.model ? providerOf(source.model, providers) : (providers.find((each) => USUAL[each.name])?.name ?? providers[0]?.name ?? "openai"));
  return { provider, model: source.model || USUAL[provider] || "" };
}

/** One more column: another provider with a credential, where there is one. */
export function nextChoice(choices: ModelChoice[], providers: Provider[], models: Map<string, string[]>): ModelChoice {
  const used = new Set(choices.map((each) => each.provider));
  const other = providers.find((each) => each.has_credential && !used.has(each.name) && (models.get(each.name)?.length || USUAL[each.name]));
  const provider = other?.name ?? choices.at(-1)?.provider ?? "openai";
  const taken = new Set(choices.filter((each) => each.provider === provider).map((each) => each.model));
  const model = [USUAL[provider], ...(models.get(provider) ?? [])].find((each) => each && !taken.has(each)) ?? "";
  return { provider, model };
}
