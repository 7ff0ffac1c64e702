/** What somebody typed as a score: a number, yes or no, else a word. */
export function readScore(text: string): number | boolean | string {
  const typed = text.trim();
  if (/^(yes|true)$/i.test(typed)) return true;
  if (/^(no|false)$/i.test(typed)) return false;
  const number = Number(typed.replace(/^(\d+),(\d+)$/, "$1.$2"));
  return typed !== "" && Number.isFinite(number) ? number : typed;
}
