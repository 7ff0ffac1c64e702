import { addCondition } from "@/state/search";

/** One model of one provider. */
export interface Model {
  provider: string;
  model: string;
}

const MOST = 3;

/** The models that the URL compares; what does not fit is left out. */
export function readChosen(text: unknown): Model[] {
  try {
    const found: unknown = typeof text === "string" && text ? JSON.parse(text) : [];
    if (!Array.isArray(found)) return [];
    return found
      .filter((each): each is [string, string] => Array.isArray(each) && each.length === 2 && each.every((part) => typeof part === "string"))
      .slice(0, MOST)
      .map(([provider, model]) => ({ provider, model }));
  } catch {
    return [];
  }
}

export function writeChosen(models: Model[]): string {
  return models.length ? JSON.stringify(models.map(({ provider, model }) => [provider, model])) : "";
}

export function isSame(one: Model, other: Model): boolean {
  return one.provider === other.provider && one.model === other.model;
}

/** The models with one more, or without it; the oldest makes room for a fourth. */
export function toggled(models: Model[], model: Model): Model[] {
  return models.some((each) => isSame(each, model)) ? models.filter((each) => !isSame(each, model)) : [...models, { provider: model.provider, model: model.model }].slice(-MOST);
}

/** The condition that picks the calls of a model. */
export function conditionOf({ provider, model }: Model): string {
  return addCondition(addCondition("", "model", model), "provider", provider);
}
