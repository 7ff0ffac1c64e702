/** What a call can be copied as, and how the languages are called. */
export const LANGUAGES = { curl: "curl", python: "Python", typescript: "TypeScript" };

export type Language = keyof typeof LANGUAGES;
